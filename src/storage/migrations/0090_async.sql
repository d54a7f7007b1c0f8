-- Predictions that are answered later, and those that failed for good: dead letters. Times are microseconds since 1970.

-- A replay: dead letters asked again of a named version, no more than one every gap_us.
CREATE TABLE async_replays (
  id TEXT NOT NULL PRIMARY KEY,
  version TEXT NOT NULL,
  principal TEXT NOT NULL,
  gap_us BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL
);

-- `model`, `version` and `bundle` say what runs it: fixed when it was accepted, and again when it is replayed.
-- `due_at` is when somebody may take it; while it runs, when its lease ends. `fence` counts who took it: only the last
-- may settle it.
CREATE TABLE async_requests (
-- only: sqlite
  id TEXT NOT NULL PRIMARY KEY,
-- end
-- only: postgresql
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
-- end
  principal TEXT NOT NULL,
  idempotency_key TEXT,
  fingerprint TEXT NOT NULL,
  model TEXT NOT NULL,
  version TEXT NOT NULL,
  bundle TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'dead')),
  due_at BIGINT NOT NULL,
  fence BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  replay TEXT REFERENCES async_replays (id),
  replays BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  queued_at BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  settled_at BIGINT,
  CHECK ((state IN ('succeeded', 'dead')) = (settled_at IS NOT NULL))
);
CREATE UNIQUE INDEX async_keys ON async_requests (principal, idempotency_key);
CREATE INDEX async_due ON async_requests (due_at, id) WHERE state IN ('queued', 'running');
CREATE INDEX async_dead ON async_requests (id) WHERE state = 'dead';
CREATE INDEX async_settled ON async_requests (state, settled_at);
CREATE INDEX async_by_replay ON async_requests (replay);

-- The bytes of a request, and of its one answer: here, or in the object store.
CREATE TABLE async_payloads (
  request TEXT NOT NULL REFERENCES async_requests (id) ON DELETE CASCADE,
  kind TEXT NOT NULL CHECK (kind IN ('request', 'answer')),
  headers TEXT NOT NULL,
  body {blob},
  object_key TEXT,
  PRIMARY KEY (request, kind),
  CHECK ((body IS NULL) <> (object_key IS NULL))
);
CREATE INDEX async_objects ON async_payloads (object_key) WHERE object_key IS NOT NULL;

-- `number` is the fence of the attempt, `code` the canonical code, 0 for the one that succeeded; `record` the id of its
-- record in the audit log, '' where there is none.
CREATE TABLE async_attempts (
  request TEXT NOT NULL REFERENCES async_requests (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  version TEXT NOT NULL,
  started_at BIGINT NOT NULL,
  ended_at BIGINT NOT NULL,
  code BIGINT NOT NULL,
  reason TEXT NOT NULL,
  message TEXT NOT NULL,
  record TEXT NOT NULL,
  PRIMARY KEY (request, number)
);
CREATE UNIQUE INDEX async_one_success ON async_attempts (request) WHERE code = 0;
