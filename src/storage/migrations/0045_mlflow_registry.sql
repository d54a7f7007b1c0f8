-- What MLflow clients say about models and versions: registrations, tags, aliases, stages. Times are microseconds since
-- 1970.
--
-- Every version has a registration of the same id and number. One without a version is waiting for its checks, has
-- failed them, or refers to files elsewhere.

-- Names of up to 256 bytes, and models that were deleted but whose versions are kept.
-- only: sqlite
PRAGMA defer_foreign_keys = ON;
CREATE TABLE models_before AS SELECT * FROM models;
DROP TABLE models;
CREATE TABLE models (
  name TEXT NOT NULL PRIMARY KEY,
  description TEXT NOT NULL,
  created_by TEXT NOT NULL,
  approvals_required BIGINT CHECK (approvals_required BETWEEN 1 AND 16),
  last_number BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  is_hidden BIGINT NOT NULL DEFAULT 0 CHECK (is_hidden IN (0, 1)),
  CHECK (length(name) BETWEEN 1 AND 256)
);
INSERT INTO models (name, description, created_by, approvals_required, last_number, created_at, updated_at)
  SELECT name, description, created_by, approvals_required, last_number, created_at, updated_at FROM models_before;
DROP TABLE models_before;
-- end
-- only: postgresql
ALTER TABLE models DROP CONSTRAINT models_name_check;
ALTER TABLE models ADD CHECK (length(name) BETWEEN 1 AND 256);
ALTER TABLE models ADD COLUMN is_hidden BIGINT NOT NULL DEFAULT 0 CHECK (is_hidden IN (0, 1));
-- end

CREATE TABLE registrations (
  id TEXT NOT NULL PRIMARY KEY,
-- only: sqlite
  model TEXT NOT NULL REFERENCES models (name),
-- end
-- only: postgresql
  model TEXT COLLATE "C" NOT NULL REFERENCES models (name),
-- end
  number BIGINT NOT NULL CHECK (number >= 1),
  status TEXT NOT NULL CHECK (status = 'PENDING_REGISTRATION' OR status = 'READY' OR status = 'FAILED_REGISTRATION'),
  message TEXT NOT NULL,
  semver TEXT NOT NULL,  -- the one asked for, '' for the next minor
  source TEXT NOT NULL,
  run_id TEXT NOT NULL,
  model_id TEXT NOT NULL,
  run_link TEXT NOT NULL,
  description TEXT NOT NULL,
  author TEXT NOT NULL,
  stage TEXT NOT NULL CHECK (stage = 'None' OR stage = 'Staging' OR stage = 'Production' OR stage = 'Archived'),
  is_hidden BIGINT NOT NULL CHECK (is_hidden IN (0, 1)),
  claimed_by TEXT NOT NULL,  -- the server that makes the version, '' for none
  claimed_until BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (model, number)
);
CREATE INDEX registrations_pending ON registrations (created_at) WHERE status = 'PENDING_REGISTRATION';
CREATE INDEX registrations_by_run ON registrations (run_id);
CREATE INDEX registrations_by_source ON registrations (source);
CREATE INDEX registrations_by_creation ON registrations (created_at);

INSERT INTO registrations (id, model, number, status, message, semver, source, run_id, model_id, run_link, description,
    author, stage, is_hidden, claimed_by, claimed_until, created_at, updated_at)
  SELECT id, model, number, 'READY', '', semver, 'mlflow-artifacts:/versions/' || id, '', '', '', description,
    author, 'None', 0, '', 0, created_at, updated_at FROM versions;

CREATE TABLE model_tags (
-- only: sqlite
  model TEXT NOT NULL REFERENCES models (name),
-- end
-- only: postgresql
  model TEXT COLLATE "C" NOT NULL REFERENCES models (name),
-- end
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
);

CREATE TABLE version_tags (
  registration_id TEXT NOT NULL REFERENCES registrations (id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (registration_id, key)
);

CREATE TABLE model_aliases (
-- only: sqlite
  model TEXT NOT NULL REFERENCES models (name),
-- end
-- only: postgresql
  model TEXT COLLATE "C" NOT NULL REFERENCES models (name),
-- end
  alias TEXT NOT NULL,
  registration_id TEXT NOT NULL REFERENCES registrations (id),
  PRIMARY KEY (model, alias)
);
CREATE INDEX model_aliases_by_registration ON model_aliases (registration_id);
