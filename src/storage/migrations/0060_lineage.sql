-- What came from what: nodes, and edges in the direction in which data flows. A node's id is made of what it is
-- (src/lineage/node.h), so that whoever tells of it twice tells of the same one. Times are microseconds since 1970.

CREATE TABLE lineage_nodes (
  id TEXT NOT NULL PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind = 'dataset' OR kind = 'job' OR kind = 'run' OR kind = 'version' OR kind = 'release'),
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_at BIGINT NOT NULL
);
CREATE INDEX lineage_nodes_by_name ON lineage_nodes (name, kind);
CREATE INDEX lineage_nodes_by_version ON lineage_nodes (version, kind);
CREATE INDEX lineage_nodes_by_digest ON lineage_nodes (digest, kind);

CREATE TABLE lineage_edges (
  source TEXT NOT NULL,
  target TEXT NOT NULL,
  kind TEXT NOT NULL
    CHECK (kind = 'used' OR kind = 'produced' OR kind = 'ran' OR kind = 'started' OR kind = 'released'
           OR kind = 'derived'),
  created_at BIGINT NOT NULL,
  PRIMARY KEY (source, target, kind)
);
CREATE INDEX lineage_edges_by_target ON lineage_edges (target, source, kind);

-- What OpenLineage events say of a run as a whole.
CREATE TABLE lineage_runs (
  node TEXT NOT NULL PRIMARY KEY REFERENCES lineage_nodes (id),
  state TEXT NOT NULL
    CHECK (state = 'START' OR state = 'RUNNING' OR state = 'COMPLETE' OR state = 'ABORT' OR state = 'FAIL'
           OR state = 'OTHER'),
  state_at BIGINT NOT NULL,
  started_at BIGINT,
  ended_at BIGINT
);

-- The newest of each facet of a node (owner: its id), or of an input or output (owner: run's id:dataset's id).
CREATE TABLE lineage_facets (
  owner TEXT NOT NULL,
  name TEXT NOT NULL,
  body TEXT NOT NULL,
  event_at BIGINT NOT NULL,
  PRIMARY KEY (owner, name)
);
