-- Looking at a database: findings in the order of business impact.

CREATE FUNCTION rlsproof.lint(only_rule text DEFAULT NULL, only_object text DEFAULT NULL)
    RETURNS TABLE (rule text, level text, category text, object text, message text, detail text, hint text, fix text,
                   evidence text, key text)
    LANGUAGE c STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_lint';
COMMENT ON FUNCTION rlsproof.lint(text, text) IS
    'Findings of the lint rules; of one rule, or about one object, where named.';

CREATE FUNCTION rlsproof.audit()
    RETURNS TABLE (rule text, level text, category text, object text, message text, detail text, hint text, fix text,
                   evidence text, key text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_audit';
COMMENT ON FUNCTION rlsproof.audit() IS
    'Everything that was found, ranked by business impact: data exposure, broken permissions, slow queries, the rest.';
