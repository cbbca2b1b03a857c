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
    'Five codes for SELECT, INSERT, UPDATE, DELETE and all else: - out of reach; d, p, x as declared, by privilege, '
    'proof, execution; V vacuous; ? unknown; O open; L leak; K lockout; E fails; . a command the object does not know.';

CREATE VIEW rlsproof.role_coverage AS
    WITH cell AS (
        SELECT m.object, m.kind, m.persona, m.codes, m.place,
               pg_catalog.row_number() OVER (PARTITION BY m.object, m.codes ORDER BY m.place) AS nth
        FROM rlsproof.matrix() WITH ORDINALITY AS m (object, kind, persona, codes, place)),
    line AS (
        SELECT object, kind, pg_catalog.min(place) AS place,
               pg_catalog.concat(codes, ' ', pg_catalog.string_agg(
                   persona, CASE WHEN nth OPERATOR(pg_catalog.%) 3 OPERATOR(pg_catalog.=) 1 THEN E',\n      '
                                 ELSE ', ' END ORDER BY place)) AS text
        FROM cell GROUP BY object, kind, codes)
    SELECT object, kind, pg_catalog.string_agg(text, E'\n' ORDER BY place) AS "SIUD+ who"
    FROM line GROUP BY object, kind ORDER BY pg_catalog.min(place);
COMMENT ON VIEW rlsproof.role_coverage IS
    'The matrix people look at: one row an object, one line for the personas with the same codes; a code stands for a '
    'command: SELECT, INSERT, UPDATE, DELETE, the rest. What each means: see the function rlsproof.matrix().';
