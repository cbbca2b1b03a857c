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
