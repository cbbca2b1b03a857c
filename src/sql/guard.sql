-- What the guard saw: events by rule and shape, the latest of them, latencies by shape and by route. All of it lies in
-- shared memory, for all databases of the server, and is gone with a restart.

CREATE FUNCTION rlsproof.guard_events()
    RETURNS TABLE (rule text, fingerprint text, query text, role text, database text, table_name text, mode text,
                   reported bigint, held bigint, known bigint, waived bigint, count bigint,
                   max_rows double precision, mean_rows double precision,
                   first_seen timestamptz, last_seen timestamptz,
                   route text, action text, release text, application text)
    LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_guard_events';
COMMENT ON FUNCTION rlsproof.guard_events() IS 'What the view guard_events shows, in no order.';

CREATE VIEW rlsproof.guard_events AS
    SELECT * FROM rlsproof.guard_events()
    ORDER BY count DESC, rule, database, role, table_name, query, fingerprint;
COMMENT ON VIEW rlsproof.guard_events IS
    'Broken rules by rule, query shape, role, database and table. Other roles'' texts are shown to pg_read_all_stats alone.';
COMMENT ON COLUMN rlsproof.guard_events.query IS 'The normal form: no constants, no comments; 1,023 bytes of it at most.';
COMMENT ON COLUMN rlsproof.guard_events.mode IS 'Of the latest event, as are route, action, release and application.';
COMMENT ON COLUMN rlsproof.guard_events.reported IS 'Logged, warned of or refused.';
COMMENT ON COLUMN rlsproof.guard_events.held IS 'Within rlsproof.report_interval of one that the session reported.';
COMMENT ON COLUMN rlsproof.guard_events.known IS 'In the baseline.';
COMMENT ON COLUMN rlsproof.guard_events.max_rows IS 'Expected or counted, as the rule says; NULL where it is not about rows.';

CREATE FUNCTION rlsproof.guard_recent()
    RETURNS TABLE (number bigint, seen timestamptz, rule text, fingerprint text, query text, role text, database text,
                   table_name text, mode text, rows double precision, route text, action text, release text,
                   application text, pid integer)
    LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_guard_recent';
COMMENT ON FUNCTION rlsproof.guard_recent() IS 'What the view guard_recent shows, in no order.';

CREATE VIEW rlsproof.guard_recent AS SELECT * FROM rlsproof.guard_recent() ORDER BY number DESC;
COMMENT ON VIEW rlsproof.guard_recent IS
    'The latest events that were reported, one by one, the last of them first. Texts as in guard_events.';

CREATE FUNCTION rlsproof.guard_queries()
    RETURNS TABLE (role text, database text, query text, route text, calls bigint, rows bigint,
                   p50_ms double precision, p95_ms double precision, p99_ms double precision, max_ms double precision,
                   mean_ms double precision, fingerprint text, queryid bigint)
    LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_guard_queries';
COMMENT ON FUNCTION rlsproof.guard_queries() IS 'What the view guard_queries shows, in no order.';

CREATE VIEW rlsproof.guard_queries AS
    SELECT * FROM rlsproof.guard_queries()
    ORDER BY mean_ms OPERATOR(pg_catalog.*) calls DESC, database, role, query, route, queryid;
COMMENT ON VIEW rlsproof.guard_queries IS
    'Latencies by query shape, role, database and route (of sqlcommenter), where rlsproof.track_queries is on; the one '
    'that took most time in all comes first. A percentile is at most 3.1 % off, below a microsecond 31 nanoseconds.';
COMMENT ON COLUMN rlsproof.guard_queries.p95_ms IS
    'The time that 95 % of the calls did not exceed: at most 1/33 (3.1 %) off; max_ms and mean_ms are exact.';

CREATE FUNCTION rlsproof.guard_routes()
    RETURNS TABLE (role text, database text, route text, queries bigint, calls bigint, rows bigint,
                   p50_ms double precision, p95_ms double precision, p99_ms double precision, max_ms double precision,
                   mean_ms double precision)
    LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_guard_routes';
COMMENT ON FUNCTION rlsproof.guard_routes() IS 'What the view guard_routes shows, in no order.';

CREATE VIEW rlsproof.guard_routes AS
    SELECT * FROM rlsproof.guard_routes()
    ORDER BY mean_ms OPERATOR(pg_catalog.*) calls DESC, database, role, route;
COMMENT ON VIEW rlsproof.guard_routes IS
    'The latencies of guard_queries by route: its shapes'' histograms added up, so that percentiles are those of the route.';

CREATE FUNCTION rlsproof.guard_reset() RETURNS void
    LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_guard_reset';
COMMENT ON FUNCTION rlsproof.guard_reset() IS 'Forgets events and latencies, those of all databases.';

-- What was there before the guard: broken rules by shape that somebody has looked at and accepted for now.
CREATE TABLE rlsproof.guard_known (
    rule text NOT NULL,
    fingerprint text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{16}$'),
    query text,
    since timestamptz NOT NULL DEFAULT pg_catalog.now(),
    PRIMARY KEY (rule, fingerprint)
);
COMMENT ON TABLE rlsproof.guard_known IS
    'The baseline: shapes whose breaking of a rule is counted and no longer reported. Filled by rlsproof.guard_baseline().';
SELECT pg_catalog.pg_extension_config_dump('rlsproof.guard_known', '');

CREATE FUNCTION rlsproof.guard_baseline() RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS $$
        WITH added AS (
            INSERT INTO rlsproof.guard_known (rule, fingerprint, query)
            SELECT DISTINCT ON (rule, fingerprint) rule, fingerprint, query
            FROM rlsproof.guard_events()
            WHERE database = pg_catalog.current_database() AND fingerprint IS NOT NULL
            ON CONFLICT DO NOTHING RETURNING 1)
        SELECT pg_catalog.count(*) FROM added
    $$;
COMMENT ON FUNCTION rlsproof.guard_baseline() IS
    'Takes today''s events of this database into the baseline, so that only new shapes are reported. Returns how many were added.';

-- The hooks read these tables without SQL and keep what they read; a change reaches every session at its commit.
CREATE FUNCTION rlsproof.declared() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'rlsproof_declared';
COMMENT ON FUNCTION rlsproof.declared() IS 'Tells every session that declarations have changed.';
CREATE TRIGGER declared AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rlsproof.personas
    FOR EACH STATEMENT EXECUTE FUNCTION rlsproof.declared();
CREATE TRIGGER declared AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rlsproof.expectations
    FOR EACH STATEMENT EXECUTE FUNCTION rlsproof.declared();
CREATE TRIGGER declared AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rlsproof.waivers
    FOR EACH STATEMENT EXECUTE FUNCTION rlsproof.declared();
CREATE TRIGGER declared AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rlsproof.guard_known
    FOR EACH STATEMENT EXECUTE FUNCTION rlsproof.declared();

CREATE FUNCTION rlsproof.guard_status()
    RETURNS TABLE (item text, value text, about text)
    LANGUAGE c VOLATILE PARALLEL RESTRICTED SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_guard_status';
COMMENT ON FUNCTION rlsproof.guard_status() IS
    'How the guard stands in this session: its rules and their modes, what is shared, what it cannot see and why.';

CREATE FUNCTION rlsproof.check_query(sql text, persona text DEFAULT NULL)
    RETURNS TABLE (ordinal integer, query text, rule text, mode text, sqlstate text, message text, detail text,
                   hint text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_check_query';
COMMENT ON FUNCTION rlsproof.check_query(text, text) IS
    'What every rule of the guard would say of these statements, without running them. A rule "invalid" is a statement the server cannot plan, "not_looked_at" one that runs more than can be seen.';

CREATE FUNCTION rlsproof.plan_at_scale(sql text, factor double precision DEFAULT 100)
    RETURNS TABLE (part text, line text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_plan_at_scale';
COMMENT ON FUNCTION rlsproof.plan_at_scale(text, double precision) IS
    'The plan of a statement today and then, when every table has so many times its rows; and which scans turn.';
