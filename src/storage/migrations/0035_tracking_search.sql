-- What searches of runs start from (src/tracking/search_plan.h).

-- Text is compared and folded to lower case byte by byte, as SQLite does.
-- only: postgresql
ALTER TABLE runs ALTER COLUMN id TYPE TEXT COLLATE "C", ALTER COLUMN name TYPE TEXT COLLATE "C",
  ALTER COLUMN user_id TYPE TEXT COLLATE "C", ALTER COLUMN status TYPE TEXT COLLATE "C";
ALTER TABLE run_params ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE run_tags ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE experiments ALTER COLUMN name TYPE TEXT COLLATE "C", ALTER COLUMN artifact_location TYPE TEXT COLLATE "C";
ALTER TABLE experiment_tags ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE datasets ALTER COLUMN name TYPE TEXT COLLATE "C", ALTER COLUMN digest TYPE TEXT COLLATE "C";
ALTER TABLE run_datasets ALTER COLUMN context TYPE TEXT COLLATE "C";
ALTER TABLE logged_models ALTER COLUMN id TYPE TEXT COLLATE "C", ALTER COLUMN name TYPE TEXT COLLATE "C",
  ALTER COLUMN model_type TYPE TEXT COLLATE "C", ALTER COLUMN source_run_id TYPE TEXT COLLATE "C";
ALTER TABLE logged_model_params ALTER COLUMN value TYPE TEXT COLLATE "C";
ALTER TABLE logged_model_tags ALTER COLUMN value TYPE TEXT COLLATE "C";
-- end

-- In the order of a search that gives none; name and status are there so that a filter on them need not read the rows.
-- PostgreSQL's indexes take no entry of more than 2,704 bytes, and a name or a value may be longer.
DROP INDEX runs_by_start;
-- only: sqlite
CREATE INDEX runs_by_start ON runs (experiment_id, lifecycle_stage, start_time DESC, id, name, status);
-- end
-- only: postgresql
CREATE INDEX runs_by_start ON runs (experiment_id, lifecycle_stage, start_time DESC, id);
-- end

-- Params are written once and tags seldom change, so these cost little.
-- only: sqlite
CREATE INDEX run_params_by_value ON run_params (key, value);
CREATE INDEX run_tags_by_value ON run_tags (key, value);
-- end
-- only: postgresql
CREATE INDEX run_params_by_value ON run_params (key, substr(value, 1, 200));
CREATE INDEX run_tags_by_value ON run_tags (key, substr(value, 1, 200));
-- end

-- An index by value over latest_metrics would change a page for each metric of each log call: 20 times the bytes of a
-- call's commit on SQLite. So metrics are copied here when their run ends (src/tracking/settled_metrics.h); those of
-- runs that log are looked up run by run. Rows of a run that is not settled are out of date.
CREATE TABLE settled_metrics (
  run BIGINT NOT NULL,
  key TEXT NOT NULL,
  value DOUBLE PRECISION NOT NULL,
  is_nan BIGINT NOT NULL,
  PRIMARY KEY (run, key)
-- only: sqlite
) WITHOUT ROWID;
-- end
-- only: postgresql
);
-- end
CREATE INDEX settled_metrics_by_value ON settled_metrics (key, is_nan, value, run);

ALTER TABLE runs ADD COLUMN is_settled BIGINT NOT NULL DEFAULT 1 CHECK (is_settled IN (0, 1));
CREATE INDEX runs_unsettled ON runs (number) WHERE is_settled = 0;
