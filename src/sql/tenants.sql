-- Whose rows are whose, for the guard's tenant rules and for whoever reads it. Names, not OIDs, as all declarations.

CREATE TABLE rlsproof.tenancies (
    relation text PRIMARY KEY,
    tenant text CHECK (tenant <> ''),
    session text CHECK (session ~ '^(setting|claim|query):.'),
    shared text CHECK (shared <> ''),
    note text
);
COMMENT ON TABLE rlsproof.tenancies IS
    'Where a row says whose it is and how a session knows its tenant, by table or pattern. Filled by rlsproof.tenancy().';
COMMENT ON COLUMN rlsproof.tenancies.tenant IS
    'A column; a path to one, project_id -> public.projects.org_id; none; NULL is the tenant_column of the table''s scopes.';
COMMENT ON COLUMN rlsproof.tenancies.session IS
    'setting:name, setting:name[], claim:path.to.key or query:select ...; NULL where a session does not know.';
COMMENT ON COLUMN rlsproof.tenancies.shared IS 'null: rows without a tenant are everybody''s; else a predicate over such rows.';
SELECT pg_catalog.pg_extension_config_dump('rlsproof.tenancies', '');

CREATE TRIGGER declared AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rlsproof.tenancies
    FOR EACH STATEMENT EXECUTE FUNCTION rlsproof.declared();
CREATE TRIGGER declared AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rlsproof.scopes
    FOR EACH STATEMENT EXECUTE FUNCTION rlsproof.declared();

CREATE FUNCTION rlsproof.tenancy(relation text, tenant text, session text DEFAULT NULL, shared text DEFAULT NULL,
                                 note text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_tenancy';
COMMENT ON FUNCTION rlsproof.tenancy(text, text, text, text, text) IS
    'Declares whose the rows of a table, or of a pattern of tables, are. A declaration that exists is replaced.';

-- No search_path: it is called for each row, in C, and looks no name up.
CREATE FUNCTION rlsproof.copied("any") RETURNS boolean
    LANGUAGE c STABLE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'rlsproof_copied';
COMMENT ON FUNCTION rlsproof.copied("any") IS
    'True. The guard adds it to the condition of COPY FROM, where it looks at whose each row is.';

CREATE FUNCTION rlsproof.draft_tenancy() RETURNS SETOF text
    LANGUAGE c STABLE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_draft_tenancy';
COMMENT ON FUNCTION rlsproof.draft_tenancy() IS
    'The declarations of tenancy that the columns, foreign keys and policies of this database suggest, as SQL.';
