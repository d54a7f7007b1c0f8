// What every database keeps and gives back.
#include <cmath>
#include <gmock/gmock.h>
#include <limits>

#include "storage/testing/database_test_case.h"

namespace slipway {
namespace {

using testing::HasSubstr;

class StoreTest : public DatabaseTestCase {
 protected:
  static constexpr std::string_view kTables =
      "CREATE TABLE samples (id BIGINT PRIMARY KEY, label TEXT, amount DOUBLE PRECISION, content {blob});\n";

  // Writes one value into `column` and returns what a later transaction reads.
  static SqlValue round_trip(Database& database, const std::string& column, const SqlValue& value) {
    const Status written = database.write([&](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute("DELETE FROM samples"));
      SLIPWAY_CHECK(
          transaction.execute("INSERT INTO samples (id, " + column + ") VALUES ($1, $2)", {std::int64_t{1}, value}));
      return {};
    });
    EXPECT_TRUE(written) << written.error().message;
    SqlValue out;
    const Status read = database.read([&](Transaction& transaction) -> Status {
      SLIPWAY_TRY(const auto rows, transaction.query("SELECT " + column + " FROM samples"));
      const Row& row = rows.at(0);
      if (row.is_null(0)) return {};
      if (column == "label") out = row.text(0);
      if (column == "amount") out = row.real(0);
      if (column == "content") out = row.blob(0);
      return {};
    });
    EXPECT_TRUE(read) << read.error().message;
    return out;
  }
};

TEST_P(StoreTest, KeepsText) {
  const auto database = open_with(kTables);
  const std::string unicode = "na\u00efve \u6a21\u578b \U0001F600 'quoted' $1 \n\t";
  for (const std::string& text : {std::string(), std::string("plain"), unicode, std::string(1 << 20, 'x')}) {
    EXPECT_EQ(round_trip(*database, "label", text), SqlValue(text));
  }
}

TEST_P(StoreTest, KeepsNullApartFromEmpty) {
  const auto database = open_with(kTables);
  for (const std::string column : {"label", "amount", "content"}) {
    EXPECT_EQ(round_trip(*database, column, SqlNull{}), SqlValue(SqlNull{})) << column;
  }
  EXPECT_EQ(round_trip(*database, "label", std::string()), SqlValue(std::string()));
  EXPECT_EQ(round_trip(*database, "content", SqlBlob{}), SqlValue(SqlBlob{}));
}

TEST_P(StoreTest, KeepsEveryBitOfAReal) {
  const auto database = open_with(kTables);
  using Limits = std::numeric_limits<double>;
  for (const double real : {0.1, 1.0 / 3, Limits::max(), Limits::denorm_min(), Limits::lowest(), Limits::infinity(),
                            -Limits::infinity(), 3.0}) {
    EXPECT_EQ(round_trip(*database, "amount", real), SqlValue(real));
  }
  EXPECT_TRUE(std::signbit(std::get<double>(round_trip(*database, "amount", -1e-300))));
  EXPECT_TRUE(std::isnan(std::get<double>(round_trip(*database, "amount", Limits::quiet_NaN()))));
}

TEST_P(StoreTest, TreatsNotANumberAsAValueAboveAllNumbers) {
  const auto database = open_with(kTables);
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Status status = database->write([&](Transaction& transaction) -> Status {
    const SqlArguments rows[] = {{std::int64_t{1}, nan}, {std::int64_t{2}, 1e308}, {std::int64_t{3}, SqlNull{}}};
    SLIPWAY_CHECK(transaction.execute_batch("INSERT INTO samples (id, amount) VALUES ($1, $2)", rows));
    SLIPWAY_TRY(const auto greatest, transaction.query("SELECT max(amount) FROM samples"));
    EXPECT_TRUE(std::isnan(greatest.at(0).real(0)));
    SLIPWAY_TRY(const auto same, transaction.query("SELECT id FROM samples WHERE amount = $1", {nan}));
    EXPECT_EQ(same.size(), 1U);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

TEST_P(StoreTest, KeepsIntegersToTheirLimits) {
  const auto database = open_with(kTables);
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t integer : {Limits::min(), std::int64_t{-1}, std::int64_t{0}, Limits::max()}) {
    const Status status = database->write([&](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute("DELETE FROM samples"));
      SLIPWAY_CHECK(transaction.execute("INSERT INTO samples (id) VALUES ($1)", {integer}));
      SLIPWAY_TRY(const auto rows, transaction.query("SELECT id FROM samples"));
      EXPECT_EQ(rows.at(0).integer(0), integer);
      return {};
    });
    EXPECT_TRUE(status) << status.error().message;
  }
}

TEST_P(StoreTest, KeepsBytes) {
  const auto database = open_with(kTables);
  SqlBlob large(1 << 20);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 31 + i / 256);
  for (const SqlBlob& blob : {SqlBlob{0}, SqlBlob{0xff, 0x00, 0x27, 0x5c}, large}) {
    EXPECT_EQ(round_trip(*database, "content", blob), SqlValue(blob));
  }
}

TEST_P(StoreTest, RefusesTextThatIsNotText) {
  const auto database = open_with(kTables);
  for (const std::string& text : {std::string("a\0b", 3), std::string("\xff\xfe")}) {
    const Status status = database->write([&](Transaction& transaction) -> Status {
      SLIPWAY_CHECK(transaction.execute("INSERT INTO samples (id, label) VALUES ($1, $2)", {std::int64_t{1}, text}));
      return {};
    });
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().code, Code::kInvalidArgument);
    EXPECT_EQ(status.error().reason, "sql.text");
    EXPECT_THAT(status.error().message, HasSubstr("$2"));
  }
}

TEST_P(StoreTest, BindsParametersByNumber) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_CHECK(transaction.execute("INSERT INTO samples (label, id, amount) VALUES ($2, $1, length($2))",
                                      {std::int64_t{7}, std::string("seven")}));
    SLIPWAY_TRY(const auto rows, transaction.query("SELECT id, label, amount FROM samples WHERE label = $2 AND id = $1 "
                                                   "AND $2 <> 'eight'",
                                                   {std::int64_t{7}, std::string("seven")}));
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows.at(0).real(2), 5.0);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

TEST_P(StoreTest, CountsTheRowsChanged) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    const std::string insert = "INSERT INTO samples (id, label) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING";
    const auto changed = [&](std::string_view sql, const SqlArguments& arguments) {
      return transaction.execute(sql, arguments).value();
    };
    EXPECT_EQ(changed(insert, {std::int64_t{1}, std::string("a")}), 1);
    EXPECT_EQ(changed(insert, {std::int64_t{1}, std::string("b")}), 0);
    EXPECT_EQ(changed(insert, {std::int64_t{2}, std::string("b")}), 1);
    EXPECT_EQ(changed("UPDATE samples SET label = 'c'", {}), 2);
    EXPECT_EQ(changed("UPDATE samples SET label = 'd' WHERE id = 99", {}), 0);
    EXPECT_EQ(changed("DELETE FROM samples", {}), 2);
    EXPECT_EQ(changed("CREATE TABLE other (x BIGINT)", {}), 0);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

TEST_P(StoreTest, ReturnsTheRowsOfReturningAndOfAggregates) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto inserted,
                transaction.query("INSERT INTO samples (id, amount) VALUES (4, 1.5), (5, 2.5) RETURNING id, amount"));
    EXPECT_EQ(inserted.size(), 2U);
    EXPECT_EQ(inserted.at(1).integer(0), 5);
    SLIPWAY_TRY(const auto rows, transaction.query("SELECT count(*), sum(id), avg(amount), avg(id), max(label), "
                                                   "sum(id) = 9 FROM samples"));
    EXPECT_EQ(rows.at(0).integer(0), 2);
    EXPECT_EQ(rows.at(0).integer(1), 9);
    EXPECT_EQ(rows.at(0).real(2), 2.0);
    EXPECT_EQ(rows.at(0).real(3), 4.5);
    EXPECT_EQ(rows.at(0).optional_text(4), std::nullopt);
    EXPECT_EQ(rows.at(0).integer(5), 1);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

TEST_P(StoreTest, ComparesTextByBytesAndCase) {
  const auto database = open_with(kTables);
  const Status status = database->write([](Transaction& transaction) -> Status {
    const SqlArguments rows[] = {{std::int64_t{1}, std::string("Alpha")}, {std::int64_t{2}, std::string("alpha")}};
    SLIPWAY_CHECK(transaction.execute_batch("INSERT INTO samples (id, label) VALUES ($1, $2)", rows));
    SLIPWAY_TRY(const auto like, transaction.query("SELECT id FROM samples WHERE label LIKE 'al%'"));
    EXPECT_EQ(like.size(), 1U);
    SLIPWAY_TRY(const auto greater, transaction.query("SELECT id FROM samples WHERE label > 'B'"));
    EXPECT_EQ(greater.size(), 1U);
    return {};
  });
  EXPECT_TRUE(status) << status.error().message;
}

TEST_P(StoreTest, InsertsTenThousandRowsAsOneBatch) {
  const auto database = open_with(kTables);
  std::vector<SqlArguments> rows;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    rows.push_back({i, i % 3 == 0 ? SqlValue(SqlNull{}) : SqlValue(std::string("row")), static_cast<double>(i) / 4});
  }
  const Status status = database->write([&](Transaction& transaction) {
    return transaction.execute_batch("INSERT INTO samples (id, label, amount) VALUES ($1, $2, $3)", rows);
  });
  ASSERT_TRUE(status) << status.error().message;
  ASSERT_TRUE(database->read([](Transaction& transaction) -> Status {
    SLIPWAY_TRY(const auto counts, transaction.query("SELECT count(*), count(label), sum(amount) FROM samples"));
    EXPECT_EQ(counts.at(0).integer(0), 10'000);
    EXPECT_EQ(counts.at(0).integer(1), 6'666);
    EXPECT_EQ(counts.at(0).real(2), 9'999.0 * 10'000 / 2 / 4);
    return {};
  }));
}

INSTANTIATE_TEST_SUITE_P(Databases, StoreTest, every_database(), database_name);

}  // namespace
}  // namespace slipway
