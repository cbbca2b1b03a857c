-- SQL as text: what the guard and the tool keep of a query without keeping its data.

CREATE FUNCTION rlsproof.fingerprint(sql text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_fingerprint';
COMMENT ON FUNCTION rlsproof.fingerprint(text) IS
    'A name for the shape of a query: equal for queries that differ in constants, spacing and comments only.';

CREATE FUNCTION rlsproof.normalize(sql text) RETURNS text
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_normalize';
COMMENT ON FUNCTION rlsproof.normalize(text) IS
    'The query with every constant replaced by a parameter, so that no personal data stays in what is kept.';

CREATE FUNCTION rlsproof.split(sql text, OUT ordinal integer, OUT start integer, OUT length integer, OUT statement text)
    RETURNS SETOF record
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_split';
COMMENT ON FUNCTION rlsproof.split(text) IS
    'The statements of a text, each with where it starts (in characters, counted from 1) and how long it is.';
