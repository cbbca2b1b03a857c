-- Profiles: settings of a role that belong together, put on and taken off as a whole.

CREATE TABLE rlsproof.profiles (
    role text NOT NULL,
    setting text NOT NULL,
    profile text NOT NULL,
    value text NOT NULL,
    before text,
    PRIMARY KEY (role, setting)
);
COMMENT ON TABLE rlsproof.profiles IS
    'What rlsproof.apply_profile() has set for a role, and what was set before: for rlsproof.remove_profile().';
COMMENT ON COLUMN rlsproof.profiles.before IS 'NULL where nothing was set for the role.';
SELECT pg_catalog.pg_extension_config_dump('rlsproof.profiles', '');

CREATE FUNCTION rlsproof.apply_profile(profile text, role text)
    RETURNS TABLE (setting text, value text, before text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_apply_profile';
COMMENT ON FUNCTION rlsproof.apply_profile(text, text) IS
    'Sets what a profile consists of for a role, in all databases, and warns of what settings cannot mend. The profile agent is for untrusted SQL.';

CREATE FUNCTION rlsproof.remove_profile(profile text, role text)
    RETURNS TABLE (setting text, value text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_remove_profile';
COMMENT ON FUNCTION rlsproof.remove_profile(text, text) IS
    'Takes a profile off a role: each of its settings is what it was before. What was changed by hand meanwhile stays.';
