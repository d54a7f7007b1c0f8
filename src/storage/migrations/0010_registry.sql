-- Models, versions, bundles, approvals. The rules of approval stand here a second time, so that a defect or a hand at
-- the database cannot pass what src/registry/approval_rules.h forbids. Times are microseconds since 1970.

CREATE TABLE registry_settings (
  name TEXT NOT NULL PRIMARY KEY,
  value BIGINT NOT NULL,
  CHECK (name <> 'approvals_required' OR value BETWEEN 1 AND 16)
);
INSERT INTO registry_settings (name, value) VALUES ('approvals_required', 1);

CREATE TABLE models (
-- only: sqlite
  name TEXT NOT NULL PRIMARY KEY,
-- end
-- only: postgresql
  name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
-- end
  description TEXT NOT NULL,
  created_by TEXT NOT NULL,
  approvals_required BIGINT CHECK (approvals_required BETWEEN 1 AND 16),
  last_number BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  CHECK (length(name) BETWEEN 1 AND 64)
);

-- Bundles known to the registry, and the objects each is made of: its manifest and its blobs.
CREATE TABLE bundles (
  digest TEXT NOT NULL PRIMARY KEY,
  size_bytes BIGINT NOT NULL,
  touched_at BIGINT NOT NULL,
  CHECK (length(digest) = 64)
);

CREATE TABLE bundle_objects (
  bundle TEXT NOT NULL REFERENCES bundles (digest),
  object_key TEXT NOT NULL,
  PRIMARY KEY (bundle, object_key)
);
CREATE INDEX bundle_objects_by_key ON bundle_objects (object_key);

-- Objects that are being removed: no bundle may be registered that needs one of them.
CREATE TABLE condemned_objects (
  object_key TEXT NOT NULL PRIMARY KEY
);

CREATE TABLE versions (
  id TEXT NOT NULL PRIMARY KEY,
-- only: sqlite
  model TEXT NOT NULL REFERENCES models (name),
-- end
-- only: postgresql
  model TEXT COLLATE "C" NOT NULL REFERENCES models (name),
-- end
  number BIGINT NOT NULL CHECK (number >= 1),
  semver TEXT NOT NULL,
  semver_key {blob} NOT NULL,
  state TEXT NOT NULL CHECK (state = 'draft' OR state = 'candidate' OR state = 'approved' OR state = 'retired'),
  was_candidate BIGINT NOT NULL CHECK (was_candidate IN (0, 1)),
  state_reason TEXT NOT NULL,
  digest TEXT NOT NULL REFERENCES bundles (digest),
  author TEXT NOT NULL CHECK (length(author) > 0),
  description TEXT NOT NULL,
  checks_passed BIGINT NOT NULL CHECK (checks_passed IN (0, 1)),
  probe_report TEXT NOT NULL,
  test_report TEXT NOT NULL,
  contract_digest TEXT NOT NULL,
  approvals_required BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  UNIQUE (model, semver),
  UNIQUE (model, number),
  UNIQUE (model, semver_key),
  CHECK (state IN ('draft', 'retired') OR was_candidate = 1),
  CHECK (state NOT IN ('candidate', 'approved') OR checks_passed = 1),
  CHECK (state <> 'approved' OR approvals_required >= 1)
);
CREATE INDEX versions_by_state ON versions (state, id);
CREATE INDEX versions_by_digest ON versions (digest);

CREATE TABLE approvals (
  id TEXT NOT NULL PRIMARY KEY,
  version_id TEXT NOT NULL REFERENCES versions (id),
  digest TEXT NOT NULL,
  principal TEXT NOT NULL CHECK (length(principal) > 0),
  decision TEXT NOT NULL CHECK (decision IN ('approve', 'reject')),
  reason TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  voided_at BIGINT,
  CHECK (decision = 'approve' OR length(trim(reason)) > 0)
);
CREATE INDEX approvals_by_version ON approvals (version_id, id);
CREATE UNIQUE INDEX approvals_once ON approvals (version_id, principal) WHERE decision = 'approve' AND voided_at IS NULL;

CREATE TABLE registry_events (
  id TEXT NOT NULL PRIMARY KEY,
  model TEXT NOT NULL,
  version_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  principal TEXT NOT NULL,
  detail TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX registry_events_by_model ON registry_events (model, id);

-- INSERT OR REPLACE deletes rows without their delete triggers, so the insert triggers of SQLite look for them first.

-- only: sqlite
CREATE TRIGGER versions_insert BEFORE INSERT ON versions BEGIN
  SELECT RAISE(ABORT, 'version.not_draft: a version begins as a draft')
    WHERE NEW.state <> 'draft' OR NEW.was_candidate <> 0 OR NEW.approvals_required <> 0;
  SELECT RAISE(ABORT, 'version.taken: a version that was a candidate is taken for good')
    WHERE EXISTS (SELECT 1 FROM versions v WHERE v.was_candidate = 1
      AND (v.id = NEW.id OR (v.model = NEW.model AND (v.semver = NEW.semver OR v.number = NEW.number))));
END;

CREATE TRIGGER versions_update BEFORE UPDATE ON versions BEGIN
  SELECT RAISE(ABORT, 'version.immutable: what a version is made of, its names and its author never change')
    WHERE NEW.id <> OLD.id OR NEW.model <> OLD.model OR NEW.number <> OLD.number OR NEW.semver <> OLD.semver
      OR NEW.semver_key <> OLD.semver_key OR NEW.digest <> OLD.digest OR NEW.author <> OLD.author
      OR NEW.created_at <> OLD.created_at OR NEW.was_candidate < OLD.was_candidate;
  SELECT RAISE(ABORT, 'version.immutable: an approved or retired version never changes')
    WHERE OLD.state IN ('approved', 'retired') AND (NEW.description <> OLD.description
      OR NEW.checks_passed <> OLD.checks_passed OR NEW.probe_report <> OLD.probe_report
      OR NEW.test_report <> OLD.test_report OR NEW.contract_digest <> OLD.contract_digest
      OR NEW.approvals_required <> OLD.approvals_required);
  SELECT RAISE(ABORT, 'version.bad_transition: a version moves from draft to candidate to approved to retired')
    WHERE NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state NOT IN ('draft candidate', 'candidate draft',
      'candidate approved', 'draft retired', 'candidate retired', 'approved retired');
  SELECT RAISE(ABORT, 'approval.not_enough: too few principals have approved exactly this digest')
    WHERE NEW.state = 'approved' AND OLD.state <> 'approved' AND (
      NEW.approvals_required < COALESCE((SELECT m.approvals_required FROM models m WHERE m.name = NEW.model),
        (SELECT s.value FROM registry_settings s WHERE s.name = 'approvals_required'), 1)
      OR NEW.approvals_required > (SELECT COUNT(DISTINCT a.principal) FROM approvals a WHERE a.version_id = NEW.id
        AND a.digest = NEW.digest AND a.decision = 'approve' AND a.voided_at IS NULL AND a.principal <> NEW.author)
      OR NEW.description <> OLD.description OR NEW.checks_passed <> OLD.checks_passed
      OR NEW.probe_report <> OLD.probe_report OR NEW.test_report <> OLD.test_report
      OR NEW.contract_digest <> OLD.contract_digest);
END;

CREATE TRIGGER versions_void AFTER UPDATE ON versions
  WHEN (OLD.state = 'candidate' AND NEW.state = 'draft') OR NEW.description <> OLD.description
    OR NEW.checks_passed <> OLD.checks_passed OR NEW.probe_report <> OLD.probe_report
    OR NEW.test_report <> OLD.test_report OR NEW.contract_digest <> OLD.contract_digest
BEGIN
  UPDATE approvals SET voided_at = NEW.updated_at
    WHERE version_id = NEW.id AND decision = 'approve' AND voided_at IS NULL;
END;

CREATE TRIGGER versions_delete BEFORE DELETE ON versions BEGIN
  SELECT RAISE(ABORT, 'version.taken: only a draft that was never a candidate can be deleted')
    WHERE OLD.was_candidate = 1 OR OLD.state <> 'draft';
END;

CREATE TRIGGER approvals_insert BEFORE INSERT ON approvals BEGIN
  SELECT RAISE(ABORT, 'approval.immutable: an approval is kept')
    WHERE NEW.voided_at IS NOT NULL OR EXISTS (SELECT 1 FROM approvals a WHERE a.id = NEW.id
      OR (NEW.decision = 'approve' AND a.decision = 'approve' AND a.voided_at IS NULL
        AND a.version_id = NEW.version_id AND a.principal = NEW.principal));
  SELECT RAISE(ABORT, 'approval.not_candidate: only a candidate is approved or rejected')
    WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.id = NEW.version_id AND v.state = 'candidate');
  SELECT RAISE(ABORT, 'approval.digest_mismatch: an approval is over the exact digest of its version')
    WHERE NOT EXISTS (SELECT 1 FROM versions v WHERE v.id = NEW.version_id AND v.digest = NEW.digest);
  SELECT RAISE(ABORT, 'approval.by_author: nobody approves a version of their own')
    WHERE NEW.decision = 'approve'
      AND EXISTS (SELECT 1 FROM versions v WHERE v.id = NEW.version_id AND v.author = NEW.principal);
END;

CREATE TRIGGER approvals_update BEFORE UPDATE ON approvals BEGIN
  SELECT RAISE(ABORT, 'approval.immutable: an approval can only be voided, once')
    WHERE NEW.id <> OLD.id OR NEW.version_id <> OLD.version_id OR NEW.digest <> OLD.digest
      OR NEW.principal <> OLD.principal OR NEW.decision <> OLD.decision OR NEW.reason <> OLD.reason
      OR NEW.created_at <> OLD.created_at OR OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL;
END;

CREATE TRIGGER approvals_delete BEFORE DELETE ON approvals BEGIN
  SELECT RAISE(ABORT, 'approval.immutable: an approval is kept');
END;

CREATE TRIGGER registry_events_insert BEFORE INSERT ON registry_events BEGIN
  SELECT RAISE(ABORT, 'event.immutable: an event is kept')
    WHERE EXISTS (SELECT 1 FROM registry_events e WHERE e.id = NEW.id);
END;

CREATE TRIGGER registry_events_update BEFORE UPDATE ON registry_events BEGIN
  SELECT RAISE(ABORT, 'event.immutable: an event is kept');
END;

CREATE TRIGGER registry_events_delete BEFORE DELETE ON registry_events BEGIN
  SELECT RAISE(ABORT, 'event.immutable: an event is kept');
END;
-- end

-- only: postgresql
CREATE FUNCTION registry_refuse(message TEXT) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION USING MESSAGE = message, ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE FUNCTION versions_insert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.state <> 'draft' OR NEW.was_candidate <> 0 OR NEW.approvals_required <> 0 THEN
    PERFORM registry_refuse('version.not_draft: a version begins as a draft');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER versions_insert BEFORE INSERT ON versions FOR EACH ROW EXECUTE FUNCTION versions_insert();

CREATE FUNCTION versions_update() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  is_changed BOOLEAN := NEW.description <> OLD.description OR NEW.checks_passed <> OLD.checks_passed
    OR NEW.probe_report <> OLD.probe_report OR NEW.test_report <> OLD.test_report
    OR NEW.contract_digest <> OLD.contract_digest;
  required BIGINT;
  approved BIGINT;
BEGIN
  IF NEW.id <> OLD.id OR NEW.model <> OLD.model OR NEW.number <> OLD.number OR NEW.semver <> OLD.semver
      OR NEW.semver_key <> OLD.semver_key OR NEW.digest <> OLD.digest OR NEW.author <> OLD.author
      OR NEW.created_at <> OLD.created_at OR NEW.was_candidate < OLD.was_candidate THEN
    PERFORM registry_refuse('version.immutable: what a version is made of, its names and its author never change');
  END IF;
  IF OLD.state IN ('approved', 'retired') AND (is_changed OR NEW.approvals_required <> OLD.approvals_required) THEN
    PERFORM registry_refuse('version.immutable: an approved or retired version never changes');
  END IF;
  IF NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state NOT IN ('draft candidate', 'candidate draft',
      'candidate approved', 'draft retired', 'candidate retired', 'approved retired') THEN
    PERFORM registry_refuse('version.bad_transition: a version moves from draft to candidate to approved to retired');
  END IF;
  IF NEW.state = 'approved' AND OLD.state <> 'approved' THEN
    required := COALESCE((SELECT m.approvals_required FROM models m WHERE m.name = NEW.model),
      (SELECT s.value FROM registry_settings s WHERE s.name = 'approvals_required'), 1);
    approved := (SELECT COUNT(DISTINCT a.principal) FROM approvals a WHERE a.version_id = NEW.id
      AND a.digest = NEW.digest AND a.decision = 'approve' AND a.voided_at IS NULL AND a.principal <> NEW.author);
    IF NEW.approvals_required < required OR NEW.approvals_required > approved OR is_changed THEN
      PERFORM registry_refuse('approval.not_enough: too few principals have approved exactly this digest');
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER versions_update BEFORE UPDATE ON versions FOR EACH ROW EXECUTE FUNCTION versions_update();

CREATE FUNCTION versions_void() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE approvals SET voided_at = NEW.updated_at
    WHERE version_id = NEW.id AND decision = 'approve' AND voided_at IS NULL;
  RETURN NULL;
END $$;
CREATE TRIGGER versions_void AFTER UPDATE ON versions FOR EACH ROW
  WHEN ((OLD.state = 'candidate' AND NEW.state = 'draft') OR NEW.description <> OLD.description
    OR NEW.checks_passed <> OLD.checks_passed OR NEW.probe_report <> OLD.probe_report
    OR NEW.test_report <> OLD.test_report OR NEW.contract_digest <> OLD.contract_digest)
  EXECUTE FUNCTION versions_void();

CREATE FUNCTION versions_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.was_candidate = 1 OR OLD.state <> 'draft' THEN
    PERFORM registry_refuse('version.taken: only a draft that was never a candidate can be deleted');
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER versions_delete BEFORE DELETE ON versions FOR EACH ROW EXECUTE FUNCTION versions_delete();

CREATE FUNCTION approvals_insert() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  version versions%ROWTYPE;
BEGIN
  SELECT * INTO version FROM versions WHERE id = NEW.version_id FOR SHARE;  -- its state may not change meanwhile
  IF NEW.voided_at IS NOT NULL THEN
    PERFORM registry_refuse('approval.immutable: an approval is kept');
  END IF;
  IF version.state IS DISTINCT FROM 'candidate' THEN
    PERFORM registry_refuse('approval.not_candidate: only a candidate is approved or rejected');
  END IF;
  IF version.digest <> NEW.digest THEN
    PERFORM registry_refuse('approval.digest_mismatch: an approval is over the exact digest of its version');
  END IF;
  IF NEW.decision = 'approve' AND version.author = NEW.principal THEN
    PERFORM registry_refuse('approval.by_author: nobody approves a version of their own');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approvals_insert BEFORE INSERT ON approvals FOR EACH ROW EXECUTE FUNCTION approvals_insert();

CREATE FUNCTION approvals_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.id <> OLD.id OR NEW.version_id <> OLD.version_id OR NEW.digest <> OLD.digest
      OR NEW.principal <> OLD.principal OR NEW.decision <> OLD.decision OR NEW.reason <> OLD.reason
      OR NEW.created_at <> OLD.created_at OR OLD.voided_at IS NOT NULL OR NEW.voided_at IS NULL THEN
    PERFORM registry_refuse('approval.immutable: an approval can only be voided, once');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approvals_update BEFORE UPDATE ON approvals FOR EACH ROW EXECUTE FUNCTION approvals_update();

CREATE FUNCTION registry_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM registry_refuse(TG_ARGV[0]);
  RETURN NULL;
END $$;
CREATE TRIGGER approvals_delete BEFORE DELETE ON approvals FOR EACH ROW
  EXECUTE FUNCTION registry_kept('approval.immutable: an approval is kept');
CREATE TRIGGER registry_events_kept BEFORE UPDATE OR DELETE ON registry_events FOR EACH ROW
  EXECUTE FUNCTION registry_kept('event.immutable: an event is kept');
CREATE TRIGGER approvals_truncate BEFORE TRUNCATE ON approvals
  EXECUTE FUNCTION registry_kept('approval.immutable: an approval is kept');
CREATE TRIGGER registry_events_truncate BEFORE TRUNCATE ON registry_events
  EXECUTE FUNCTION registry_kept('event.immutable: an event is kept');
-- end
