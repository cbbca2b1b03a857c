-- The whole look as one text.

CREATE FUNCTION rlsproof.report(format text DEFAULT 'text') RETURNS text
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_report';
COMMENT ON FUNCTION rlsproof.report(text) IS
    'The audit as one text: text, markdown, html, json, sarif, junit or tap. It never says that all is well when '
    'something could not be looked at.';

CREATE FUNCTION rlsproof.audit_notes() RETURNS TABLE (level text, note text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_audit_notes';
COMMENT ON FUNCTION rlsproof.audit_notes() IS
    'What the audit could not look at, and why. No row: it looked everywhere.';
