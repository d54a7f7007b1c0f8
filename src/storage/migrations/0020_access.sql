-- Who may do what. Times are microseconds since 1970-01-01 UTC.

CREATE TABLE access_principals (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  created_at BIGINT NOT NULL
);

-- A role on one model, or on all ('*').
CREATE TABLE access_grants (
  principal_id TEXT NOT NULL REFERENCES access_principals (id),
  role TEXT NOT NULL,
  model TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  PRIMARY KEY (principal_id, role, model)
);

-- A key gives the grants of its principal, narrowed to its own role and model. Of its secret only the SHA-256 is kept.
CREATE TABLE access_keys (
  id TEXT PRIMARY KEY,
  principal_id TEXT NOT NULL REFERENCES access_principals (id),
  role TEXT NOT NULL,
  model TEXT NOT NULL,
  digest TEXT NOT NULL CHECK (length(digest) = 64),
  previous_digest TEXT CHECK (length(previous_digest) = 64),
  previous_until BIGINT,
  created_at BIGINT NOT NULL,
  created_by TEXT NOT NULL,
  expires_at BIGINT,
  revoked_at BIGINT,
  revoked_by TEXT,
  last_used_at BIGINT,
  CHECK ((previous_digest IS NULL) = (previous_until IS NULL)),
  CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
);

CREATE INDEX access_keys_principal ON access_keys (principal_id);
