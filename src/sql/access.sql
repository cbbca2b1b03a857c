-- Who may do what, by which way, and which rows the policies leave.

CREATE FUNCTION rlsproof.access(only_persona text DEFAULT NULL, only_object text DEFAULT NULL)
    RETURNS TABLE (persona text, object text, kind text, command text, privilege text, predicate text, rows text, via text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_access';
COMMENT ON FUNCTION rlsproof.access(text, text) IS
    'Who may do what: the privilege and the way it is held, the predicate the policies add, and the rows that leaves.';

CREATE FUNCTION rlsproof.explain(persona text, object text, command text)
    RETURNS TABLE (explanation text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_explain';
COMMENT ON FUNCTION rlsproof.explain(text, text, text) IS
    'One cell told from the grant to the verdict: each policy and what it adds, what the server makes of them, and why.';
