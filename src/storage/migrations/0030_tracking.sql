-- Experiments, runs and what they log; logged models. Times are milliseconds since 1970, as clients send them, but for
-- *_at, which are microseconds by our own clock.
--
-- A run has two names: `id`, 32 hexadecimal digits, for clients; `number`, made by us and increasing with time, for the
-- rows of metrics, params and tags, so that those of one run lie together and their keys are short. SQLite keeps tables
-- WITHOUT ROWID in one tree rather than two: half the work of a log call.

CREATE TABLE experiments (
  id TEXT NOT NULL PRIMARY KEY,  -- decimal digits, as clients expect
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  lifecycle_stage TEXT NOT NULL CHECK (lifecycle_stage IN ('active', 'deleted')),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX experiments_by_creation ON experiments (created_at, id);

CREATE TABLE experiment_tags (
  experiment_id TEXT NOT NULL REFERENCES experiments (id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment_id, key)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

CREATE TABLE runs (
-- only: sqlite
  number INTEGER NOT NULL PRIMARY KEY,  -- "BIGINT" would be a second tree
-- end
-- only: postgresql
  number BIGINT NOT NULL PRIMARY KEY,
-- end
  id TEXT NOT NULL UNIQUE,
  experiment_id TEXT NOT NULL REFERENCES experiments (id),
  name TEXT NOT NULL,
  user_id TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status = 'RUNNING' OR status = 'SCHEDULED' OR status = 'FINISHED' OR status = 'FAILED'
           OR status = 'KILLED'),
  start_time BIGINT NOT NULL,
  end_time BIGINT,
  lifecycle_stage TEXT NOT NULL CHECK (lifecycle_stage IN ('active', 'deleted')),
  deleted_at BIGINT,
  points BIGINT NOT NULL DEFAULT 0,  -- of metrics, logged so far
  created_by TEXT NOT NULL           -- the principal
);
CREATE INDEX runs_by_start ON runs (experiment_id, lifecycle_stage, start_time, id);

CREATE TABLE run_params (
  run BIGINT NOT NULL REFERENCES runs (number),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

CREATE TABLE run_tags (
  run BIGINT NOT NULL REFERENCES runs (number),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- Every point ever logged. They are a set: readers take one that was logged twice once (the key refuses it within a
-- block; a data set's name follows from its digest). A run's points are kept in blocks in the order of arrival
-- (src/tracking/point_blocks.h), by key inside each: a batch of a hundred keys changes a few pages of the table rather
-- than a hundred, and who reads one key looks into each block once. NaN is is_nan = 1 with value 0; infinities are the
-- largest finite numbers. model_id and the data set are '' where the client named none.
CREATE TABLE metric_points (
  run BIGINT NOT NULL,
  block BIGINT NOT NULL,
  key TEXT NOT NULL,
  step BIGINT NOT NULL,
  time BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  model_id TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (run, block, key, time, step, value, is_nan, model_id, dataset_digest)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- The point of each key that is greatest by (step, time, value), then by what else a point has: what a search looks at.
CREATE TABLE latest_metrics (
  run BIGINT NOT NULL,
  key TEXT NOT NULL,
  step BIGINT NOT NULL,
  time BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  model_id TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (run, key)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

CREATE TABLE datasets (
  id TEXT NOT NULL PRIMARY KEY,
  experiment_id TEXT NOT NULL REFERENCES experiments (id),
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT NOT NULL,   -- '' where the client gave none
  profile TEXT NOT NULL,
  UNIQUE (experiment_id, name, digest)
);

CREATE TABLE run_datasets (
  run BIGINT NOT NULL REFERENCES runs (number),
  dataset_id TEXT NOT NULL REFERENCES datasets (id),
  position BIGINT NOT NULL,
  tags TEXT NOT NULL,     -- JSON array of {"key", "value"}
  context TEXT NOT NULL,  -- the tag mlflow.data.context, ''
  PRIMARY KEY (run, dataset_id)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end
CREATE INDEX run_datasets_by_dataset ON run_datasets (dataset_id, run);

CREATE TABLE logged_models (
  id TEXT NOT NULL PRIMARY KEY,  -- "m-" and 32 hexadecimal digits
  experiment_id TEXT NOT NULL REFERENCES experiments (id),
  name TEXT NOT NULL,
  artifact_uri TEXT NOT NULL,
  status TEXT NOT NULL
    CHECK (status = 'LOGGED_MODEL_PENDING' OR status = 'LOGGED_MODEL_READY' OR status = 'LOGGED_MODEL_UPLOAD_FAILED'),
  status_message TEXT NOT NULL,
  model_type TEXT NOT NULL,
  source_run_id TEXT NOT NULL,
  created_by TEXT NOT NULL,
  lifecycle_stage TEXT NOT NULL CHECK (lifecycle_stage IN ('active', 'deleted')),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX logged_models_by_creation ON logged_models (experiment_id, created_at, id);

CREATE TABLE logged_model_params (
  model_id TEXT NOT NULL REFERENCES logged_models (id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

CREATE TABLE logged_model_tags (
  model_id TEXT NOT NULL REFERENCES logged_models (id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model_id, key)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

-- Metrics that name a model, the newest of each (model, key, data set).
CREATE TABLE logged_model_metrics (
  model_id TEXT NOT NULL,
  key TEXT NOT NULL,
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  run_id TEXT NOT NULL,
  step BIGINT NOT NULL,
  time BIGINT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (model_id, key, dataset_name, dataset_digest)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end

CREATE TABLE run_models (
  run BIGINT NOT NULL REFERENCES runs (number),
  model_id TEXT NOT NULL,
  is_output BIGINT NOT NULL,
  step BIGINT NOT NULL,
  PRIMARY KEY (run, model_id, is_output)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end
