-- Who uploaded which file lately: a hash alone is no right to a file (src/registry/uploads.h). Times are microseconds
-- since 1970.

CREATE TABLE blob_uploads (
  object_key TEXT NOT NULL,
  principal TEXT NOT NULL CHECK (length(principal) > 0),
  uploaded_at BIGINT NOT NULL,
  PRIMARY KEY (object_key, principal)
);
CREATE INDEX blob_uploads_by_time ON blob_uploads (uploaded_at);
