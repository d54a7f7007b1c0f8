-- What is wanted of approved versions on the servers that share this database: without a row a version is served.

CREATE TABLE serving_wishes (
  version_id TEXT NOT NULL PRIMARY KEY REFERENCES versions (id),
  wish TEXT NOT NULL CHECK (wish IN ('unloaded', 'pinned')),
  author TEXT NOT NULL,
  changed_at BIGINT NOT NULL
);
