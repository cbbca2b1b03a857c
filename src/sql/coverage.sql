-- How much of the matrix is declared and looked at, and the matrix itself.

CREATE FUNCTION rlsproof.coverage()
    RETURNS TABLE (persona text, object text, cells bigint, reachable bigint, declared bigint, proved bigint,
                   executed bigint, vacuous bigint, unknown bigint, leaks bigint)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_coverage';
COMMENT ON FUNCTION rlsproof.coverage() IS
    'Cells by persona and object: how many can be reached, are declared, and on what evidence they stand.';

CREATE FUNCTION rlsproof.matrix()
    RETURNS TABLE (object text, kind text, persona text, codes text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_matrix';
COMMENT ON FUNCTION rlsproof.matrix() IS
    'One code for each of SELECT, INSERT, UPDATE, DELETE and the rest: - out of reach; d, p, x as declared, by privilege, '
    'proof, execution; V vacuous; ? unknown; O open; L leak; K lockout; E fails.';

CREATE VIEW rlsproof.role_coverage AS
    SELECT m.object, m.kind,
           pg_catalog.string_agg(m.persona OPERATOR(pg_catalog.||) ' ' OPERATOR(pg_catalog.||) m.codes, E'\n'
                                 ORDER BY m.place) AS "access SIUD+"
    FROM rlsproof.matrix() WITH ORDINALITY AS m (object, kind, persona, codes, place)
    GROUP BY m.object, m.kind
    ORDER BY pg_catalog.min(m.place);
COMMENT ON VIEW rlsproof.role_coverage IS
    'The matrix people look at: one row an object, one line a persona, one code a command; see rlsproof.matrix().';
