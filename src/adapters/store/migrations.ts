/** Applied in order, each in its own transaction; `user_version` counts them. Never change one that was released. */
export const migrations: readonly string[] = [
  `
  CREATE TABLE repos (
    id TEXT PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, github_id INTEGER UNIQUE, clone_url TEXT NOT NULL,
    default_branch TEXT NOT NULL, token_sealed TEXT, webhook_secret_sealed TEXT NOT NULL,
    next_run_number INTEGER NOT NULL DEFAULT 1, created_at INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE secrets (
    repo_id TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL, value_sealed TEXT NOT NULL,
    created_at INTEGER NOT NULL, deleted_at INTEGER, PRIMARY KEY (repo_id, name, version)
  ) STRICT;

  CREATE TABLE tokens (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL, last_used_at INTEGER
  ) STRICT;

  CREATE TABLE deliveries (
    id TEXT PRIMARY KEY, guid TEXT UNIQUE, source TEXT NOT NULL, event TEXT NOT NULL, action TEXT, repo TEXT, repo_id TEXT,
    ref TEXT, sha TEXT, body_hash TEXT, status TEXT NOT NULL, reason TEXT, "trigger" TEXT, payload_blob TEXT, workflow TEXT, run_id TEXT,
    received_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX deliveries_body ON deliveries (body_hash) WHERE body_hash IS NOT NULL;

  CREATE TABLE runs (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL, repo_id TEXT, repo TEXT, delivery_id TEXT, workflow TEXT NOT NULL, path TEXT,
    "trigger" TEXT NOT NULL, event TEXT NOT NULL, ref TEXT, branch TEXT, sha TEXT, actor TEXT, app TEXT,
    forced INTEGER NOT NULL, payload_blob TEXT, payload TEXT NOT NULL, base_ref TEXT, head_ref TEXT, status TEXT NOT NULL, reason TEXT,
    annotations TEXT NOT NULL, rev INTEGER NOT NULL DEFAULT 0, intent TEXT, intent_reason TEXT,
    created_at INTEGER NOT NULL, started_at INTEGER, finished_at INTEGER
  ) STRICT;
  CREATE INDEX runs_repo ON runs (repo_id, id);
  CREATE INDEX runs_sha ON runs (sha, id);
  CREATE INDEX runs_branch ON runs (branch, id);
  CREATE INDEX runs_status ON runs (status, id);
  CREATE INDEX runs_delivery ON runs (delivery_id);
  CREATE INDEX runs_open ON runs (id) WHERE finished_at IS NULL;

  CREATE TABLE revisions (
    run_id TEXT NOT NULL, rev INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (run_id, rev)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE jobs (
    id TEXT PRIMARY KEY, run_id TEXT NOT NULL, position INTEGER NOT NULL, key TEXT NOT NULL, base TEXT NOT NULL,
    name TEXT NOT NULL, kind TEXT NOT NULL, lane TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, exit_code INTEGER,
    attempt INTEGER NOT NULL DEFAULT 0, errors INTEGER NOT NULL DEFAULT 0, continue_on_error INTEGER NOT NULL DEFAULT 0,
    needs TEXT NOT NULL, spec TEXT NOT NULL, task TEXT, secrets_sealed TEXT, release_id TEXT, outputs TEXT NOT NULL,
    steps TEXT NOT NULL, annotations TEXT NOT NULL, intent TEXT, intent_reason TEXT,
    created_at INTEGER NOT NULL, queued_at INTEGER, started_at INTEGER, finished_at INTEGER,
    UNIQUE (run_id, key)
  ) STRICT;
  CREATE INDEX jobs_open ON jobs (lane, id) WHERE finished_at IS NULL;

  CREATE TABLE attempts (
    id TEXT PRIMARY KEY, subject TEXT NOT NULL, subject_id TEXT NOT NULL, number INTEGER NOT NULL, lane TEXT NOT NULL,
    status TEXT NOT NULL, verdict TEXT, reason TEXT, worker TEXT, nonce TEXT, seq INTEGER NOT NULL DEFAULT 0, wish TEXT,
    deadline INTEGER, log_size INTEGER, offered_at INTEGER NOT NULL, not_before INTEGER, started_at INTEGER, ended_at INTEGER,
    UNIQUE (subject, subject_id, number)
  ) STRICT;
  CREATE INDEX attempts_open ON attempts (lane, id) WHERE status <> 'ended';

  CREATE TABLE events (
    attempt_id TEXT NOT NULL, seq INTEGER NOT NULL, type TEXT NOT NULL, at INTEGER NOT NULL, data TEXT NOT NULL,
    PRIMARY KEY (attempt_id, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE parked (id INTEGER PRIMARY KEY, text TEXT NOT NULL, error TEXT NOT NULL, at INTEGER NOT NULL) STRICT;

  CREATE TABLE outbox (id INTEGER PRIMARY KEY AUTOINCREMENT, effect TEXT NOT NULL, at INTEGER NOT NULL) STRICT;

  CREATE TABLE reports (
    key TEXT PRIMARY KEY, repo_id TEXT NOT NULL, desired TEXT NOT NULL, sent TEXT, granted TEXT, sent_desired TEXT,
    tries INTEGER NOT NULL DEFAULT 0, not_before INTEGER NOT NULL DEFAULT 0, gave_up TEXT, updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX reports_due ON reports (not_before) WHERE gave_up IS NULL AND (sent_desired IS NULL OR sent_desired <> desired);

  CREATE TABLE apps (name TEXT PRIMARY KEY, repo_id TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;

  CREATE TABLE hosts (host TEXT PRIMARY KEY, app TEXT NOT NULL, environment TEXT NOT NULL) STRICT;

  CREATE TABLE environments (
    app TEXT NOT NULL, name TEXT NOT NULL, dirty INTEGER NOT NULL, PRIMARY KEY (app, name)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE releases (
    id TEXT PRIMARY KEY, app TEXT NOT NULL, environment TEXT NOT NULL, run_id TEXT NOT NULL, image TEXT NOT NULL,
    image_id TEXT NOT NULL, digest TEXT, sha TEXT, config TEXT NOT NULL, secret_versions TEXT NOT NULL,
    created_at INTEGER NOT NULL, live_at INTEGER, kept INTEGER NOT NULL DEFAULT 1
  ) STRICT;
  CREATE INDEX releases_environment ON releases (app, environment, id);

  CREATE TABLE deployments (
    id TEXT PRIMARY KEY, app TEXT NOT NULL, environment TEXT NOT NULL, release_id TEXT, run_id TEXT NOT NULL,
    job_id TEXT NOT NULL, attempt_id TEXT, asked_seq INTEGER, ready_seq INTEGER, relation TEXT, status TEXT NOT NULL,
    reason TEXT, sha TEXT, position TEXT NOT NULL, url TEXT, replaced TEXT, phases TEXT NOT NULL,
    created_at INTEGER NOT NULL, live_at INTEGER, finished_at INTEGER
  ) STRICT;
  CREATE INDEX deployments_environment ON deployments (app, environment, id);
  CREATE INDEX deployments_job ON deployments (job_id);
  CREATE INDEX deployments_open ON deployments (app, environment) WHERE status IN ('waiting', 'starting', 'switching', 'live');
  `,
  `
  ALTER TABLE runs RENAME COLUMN intent TO stop_request;
  ALTER TABLE runs RENAME COLUMN intent_reason TO stop_reason;
  ALTER TABLE jobs RENAME COLUMN intent TO stop_request;
  ALTER TABLE jobs RENAME COLUMN intent_reason TO stop_reason;
  ALTER TABLE attempts RENAME COLUMN wish TO stop_request;
  ALTER TABLE attempts ADD COLUMN handed_back INTEGER NOT NULL DEFAULT 0;

  DROP INDEX deliveries_body;
  CREATE UNIQUE INDEX deliveries_once ON deliveries (body_hash, event)
    WHERE body_hash IS NOT NULL AND event IN ('push', 'pull_request');
  CREATE UNIQUE INDEX attempts_one_open ON attempts (subject, subject_id) WHERE status <> 'ended';
  CREATE UNIQUE INDEX deployments_one_waiting ON deployments (job_id, environment) WHERE status = 'waiting';
  CREATE UNIQUE INDEX deployments_one_active ON deployments (app, environment) WHERE status IN ('starting', 'switching');
  CREATE UNIQUE INDEX deployments_one_live ON deployments (app, environment) WHERE status = 'live';
  CREATE INDEX deployments_attempt ON deployments (attempt_id) WHERE attempt_id IS NOT NULL;

  ALTER TABLE tokens ADD COLUMN scope TEXT NOT NULL DEFAULT 'admin' CHECK (scope IN ('admin', 'job'));
  ALTER TABLE tokens ADD COLUMN attempt_id TEXT;
  ALTER TABLE tokens ADD COLUMN expires_at INTEGER;
  CREATE INDEX tokens_attempt ON tokens (attempt_id) WHERE attempt_id IS NOT NULL;

  DROP TABLE events;

  CREATE TABLE steps (
    job_id TEXT NOT NULL, attempt INTEGER NOT NULL, number INTEGER NOT NULL, id TEXT, name TEXT NOT NULL, status TEXT NOT NULL,
    reason TEXT, exit_code INTEGER, started_at INTEGER, finished_at INTEGER, PRIMARY KEY (job_id, attempt, number)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE annotations (
    job_id TEXT NOT NULL, attempt INTEGER NOT NULL, number INTEGER NOT NULL, path TEXT NOT NULL, line INTEGER NOT NULL,
    "column" INTEGER NOT NULL, level TEXT NOT NULL, message TEXT NOT NULL, PRIMARY KEY (job_id, attempt, number)
  ) STRICT, WITHOUT ROWID;
  ALTER TABLE jobs ADD COLUMN started_attempt INTEGER NOT NULL DEFAULT 0;
  UPDATE jobs SET started_attempt = started.number FROM (
    SELECT subject_id, max(number) AS number FROM attempts WHERE subject = 'job' AND started_at IS NOT NULL GROUP BY subject_id
  ) AS started WHERE started.subject_id = jobs.id;
  INSERT INTO steps SELECT jobs.id, started_attempt, step.value ->> 'number', step.value ->> 'id', step.value ->> 'name',
    step.value ->> 'status', step.value ->> 'reason', step.value ->> 'exit_code', step.value ->> 'started_at',
    step.value ->> 'finished_at' FROM jobs, json_each(iif(json_valid(jobs.steps), jobs.steps, '[]')) AS step;
  INSERT INTO annotations SELECT jobs.id, started_attempt, note.key + 1, note.value ->> 'path', note.value ->> 'line',
    note.value ->> 'column', note.value ->> 'level', note.value ->> 'message' FROM jobs, json_each(iif(json_valid(jobs.annotations), jobs.annotations, '[]')) AS note;
  ALTER TABLE jobs DROP COLUMN steps;
  ALTER TABLE jobs DROP COLUMN annotations;

  -- The format of these effects changed. They can be deleted, because workers, readers and the sweep repeat what they did.
  DELETE FROM outbox WHERE effect LIKE '{"do":"ring"%' OR effect LIKE '{"do":"tell"%' OR effect LIKE '{"do":"wish"%';
  `,
];
