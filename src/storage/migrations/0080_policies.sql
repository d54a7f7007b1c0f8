-- The policy of each endpoint, every revision of it: the newest counts, an empty text means that there is none.

CREATE TABLE endpoint_policies (
  endpoint TEXT NOT NULL,
  revision BIGINT NOT NULL,
  body TEXT NOT NULL,
  author TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (endpoint, revision)
);
