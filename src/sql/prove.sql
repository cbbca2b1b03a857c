-- What holds for every content of every table, asked of a solver.

CREATE FUNCTION rlsproof.prove(only_persona text DEFAULT NULL, only_object text DEFAULT NULL,
                               only_command text DEFAULT NULL)
    RETURNS TABLE (persona text, object text, command text, expected text, direction text, verdict text, reason text,
                   witness jsonb, solver text, milliseconds double precision)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_prove';
COMMENT ON FUNCTION rlsproof.prove(text, text, text) IS
    'Whether a persona can reach more (no more) or less (no less) than was declared in any state of the database: proved, refuted with a witness, or unknown and why.';

CREATE FUNCTION rlsproof.obligation(persona text, object text, command text, direction text DEFAULT 'no more')
    RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_obligation';
COMMENT ON FUNCTION rlsproof.obligation(text, text, text, text) IS
    'The question behind a cell of prove() as an SMT-LIB 2 script, which any solver answers with unsat where it is proved.';
