-- What is to be told to others: who wants to know what, and what has been sent. A row of `outbox` is written in the
-- transaction of what it tells. Times are microseconds since 1970.

CREATE TABLE webhooks (
-- only: sqlite
  id TEXT NOT NULL PRIMARY KEY,
-- end
-- only: postgresql
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
-- end
  name TEXT NOT NULL,
  description TEXT NOT NULL,
  url TEXT NOT NULL,
  secret TEXT NOT NULL,
  is_active BIGINT NOT NULL CHECK (is_active IN (0, 1)),
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (length(name) > 0 AND length(url) > 0)
);

CREATE TABLE webhook_events (
  event TEXT NOT NULL,
  webhook TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
  PRIMARY KEY (event, webhook)
);
CREATE INDEX webhook_events_by_webhook ON webhook_events (webhook);

-- One delivery: one event for one target, a webhook's id or "openlineage". The id is what the receiver sees, the same
-- at each attempt; ids order the deliveries of a target.
CREATE TABLE outbox (
-- only: sqlite
  id TEXT NOT NULL PRIMARY KEY,
-- end
-- only: postgresql
  id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
-- end
  target TEXT NOT NULL,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state = 'waiting' OR state = 'delivered' OR state = 'dead'),
  attempts BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  settled_at BIGINT,
  CHECK ((state = 'waiting') = (settled_at IS NULL))
);
CREATE INDEX outbox_waiting ON outbox (target, id) WHERE state = 'waiting';
CREATE INDEX outbox_by_target ON outbox (target, id);
CREATE INDEX outbox_settled ON outbox (settled_at) WHERE state <> 'waiting';

CREATE TABLE outbox_attempts (
  delivery TEXT NOT NULL REFERENCES outbox (id) ON DELETE CASCADE,
  number BIGINT NOT NULL,
  started_at BIGINT NOT NULL,
  latency_us BIGINT NOT NULL,
  http_status BIGINT NOT NULL,
  error TEXT NOT NULL,
  PRIMARY KEY (delivery, number)
);

-- Targets that the operator sets at the start, and no user.
CREATE TABLE operator_targets (
  target TEXT NOT NULL PRIMARY KEY
);

-- Which node sends to a target. Apart from `webhooks`, so that whoever writes events never waits for a sender.
CREATE TABLE outbox_leases (
  target TEXT NOT NULL PRIMARY KEY,
  fence BIGINT NOT NULL,
  leased_until BIGINT NOT NULL,
  retry_at BIGINT NOT NULL,
  failures BIGINT NOT NULL
);
