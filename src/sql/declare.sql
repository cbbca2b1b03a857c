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
