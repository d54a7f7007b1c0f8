-- Files of runs and logged models: paths over blobs. Times are microseconds since 1970.

CREATE TABLE artifacts (
-- only: sqlite
  path TEXT NOT NULL PRIMARY KEY,  -- "0/<run>/artifacts/model/MLmodel"
  parent TEXT NOT NULL,            -- the folder it lies in, '' for the root
-- end
-- only: postgresql
  path TEXT COLLATE "C" NOT NULL PRIMARY KEY,
  parent TEXT COLLATE "C" NOT NULL,
-- end
  digest TEXT CHECK (length(digest) = 64),  -- null: a folder
  size_bytes BIGINT NOT NULL,
  modified_at BIGINT NOT NULL
);
CREATE INDEX artifacts_by_parent ON artifacts (parent, path);
CREATE INDEX artifacts_by_digest ON artifacts (digest);

-- Uploads in parts that are not complete yet.
CREATE TABLE artifact_uploads (
  id TEXT NOT NULL PRIMARY KEY,
  path TEXT NOT NULL,
  parts BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX artifact_uploads_by_creation ON artifact_uploads (created_at);

CREATE TABLE artifact_parts (
  upload_id TEXT NOT NULL REFERENCES artifact_uploads (id),
  number BIGINT NOT NULL,
  digest TEXT NOT NULL CHECK (length(digest) = 64),
  size_bytes BIGINT NOT NULL,
  PRIMARY KEY (upload_id, number)
);
CREATE INDEX artifact_parts_by_digest ON artifact_parts (digest);

-- The key that signs the URLs of parts, the same for all servers on this database.
CREATE TABLE artifact_signing_key (
  id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
  secret {blob} NOT NULL
);
