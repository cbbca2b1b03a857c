-- Every cell of the matrix, asked of privileges, predicates and execution.

CREATE FUNCTION rlsproof.verify(only_persona text DEFAULT NULL, only_object text DEFAULT NULL,
                                only_command text DEFAULT NULL)
    RETURNS TABLE (persona text, object text, command text, expected text, verdict text, evidence text, reason text,
                   witness jsonb, key text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_verify';
COMMENT ON FUNCTION rlsproof.verify(text, text, text) IS
    'Persona by object by command: what was expected, what was found, on what evidence, and a witness to paste into psql.';
