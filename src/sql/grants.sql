-- Who may call what. First everything is taken from PUBLIC, then given on purpose.

REVOKE ALL ON SCHEMA rlsproof FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA rlsproof FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA rlsproof FROM PUBLIC;

-- Functions of text alone tell nobody anything about the database.
GRANT USAGE ON SCHEMA rlsproof TO PUBLIC;
GRANT EXECUTE ON FUNCTION rlsproof.fingerprint(text), rlsproof.normalize(text), rlsproof.split(text) TO PUBLIC;

-- Called in the COPY FROM of whoever copies.
GRANT EXECUTE ON FUNCTION rlsproof.copied("any") TO PUBLIC;

-- Everybody sees what became of its own statements; of others' a number and no text, but for pg_read_all_stats.
GRANT EXECUTE ON FUNCTION rlsproof.guard_events(), rlsproof.guard_recent(), rlsproof.guard_queries(),
    rlsproof.guard_routes() TO PUBLIC;
GRANT SELECT ON rlsproof.guard_events, rlsproof.guard_recent, rlsproof.guard_queries, rlsproof.guard_routes TO PUBLIC;
