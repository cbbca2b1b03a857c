-- What a team declares: who connects, whose a row is, who may do what, and what is accepted. Names, not OIDs: a table
-- that is dropped and created again keeps its declarations.

CREATE TABLE rlsproof.personas (
    name text PRIMARY KEY CHECK (name <> ''),
    role name NOT NULL,
    claims jsonb CHECK (jsonb_typeof(claims) = 'object'),
    settings jsonb CHECK (jsonb_typeof(settings) = 'object'),
    note text
);
COMMENT ON TABLE rlsproof.personas IS
    'Who connects: a database role with the claims and settings it brings. Filled by rlsproof.persona().';
SELECT pg_catalog.pg_extension_config_dump('rlsproof.personas', '');

CREATE TABLE rlsproof.scopes (
    relation text NOT NULL,
    scope text NOT NULL CHECK (scope NOT IN ('', 'none', 'all')),
    predicate text NOT NULL,
    tenant_column name,
    note text,
    PRIMARY KEY (relation, scope)
);
COMMENT ON TABLE rlsproof.scopes IS 'Whose a row is: a named predicate over a relation. Filled by rlsproof.scope().';
SELECT pg_catalog.pg_extension_config_dump('rlsproof.scopes', '');

CREATE TABLE rlsproof.expectations (
    persona text NOT NULL,
    object text NOT NULL,
    command text NOT NULL,
    access text NOT NULL,
    note text,
    PRIMARY KEY (persona, object, command)
);
COMMENT ON TABLE rlsproof.expectations IS
    'Who may do what: none, all, or the rows of a scope. What is not listed is none. Filled by rlsproof.expect().';
SELECT pg_catalog.pg_extension_config_dump('rlsproof.expectations', '');

CREATE TABLE rlsproof.waivers (
    rule text NOT NULL,
    object text NOT NULL,
    reason text NOT NULL CHECK (reason <> ''),
    until date NOT NULL,
    PRIMARY KEY (rule, object)
);
COMMENT ON TABLE rlsproof.waivers IS
    'What is accepted: a rule on an object, why, and until when. Filled by rlsproof.waive().';
SELECT pg_catalog.pg_extension_config_dump('rlsproof.waivers', '');

CREATE FUNCTION rlsproof.persona(name text, role text, claims jsonb DEFAULT NULL, settings jsonb DEFAULT NULL,
                                 note text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_persona';
COMMENT ON FUNCTION rlsproof.persona(text, text, jsonb, jsonb, text) IS
    'Declares who connects: a role, the claims of its token and its settings. A name that exists is replaced.';

CREATE FUNCTION rlsproof.scope(relation text, scope text, predicate text, tenant_column text DEFAULT NULL,
                               note text DEFAULT NULL) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_scope';
COMMENT ON FUNCTION rlsproof.scope(text, text, text, text, text) IS
    'Declares whose a row is: a named predicate over the rows of a relation. A scope that exists is replaced.';

CREATE FUNCTION rlsproof.expect(persona text, object text, commands text, access text, note text DEFAULT NULL)
    RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_expect';
COMMENT ON FUNCTION rlsproof.expect(text, text, text, text, text) IS
    'Declares who may do what: none, all, or the rows of a scope. An access of null withdraws what was declared.';

CREATE FUNCTION rlsproof.waive(rule text, object text, reason text, until date) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_waive';
COMMENT ON FUNCTION rlsproof.waive(text, text, text, date) IS
    'Accepts what a rule says about an object, with a reason and the last day on which that holds.';
