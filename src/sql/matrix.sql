-- Declarations written by the extension itself: a first draft to review, and the preset for an API.

CREATE FUNCTION rlsproof.draft_matrix() RETURNS TABLE (line text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_draft_matrix';
COMMENT ON FUNCTION rlsproof.draft_matrix() IS
    'The SQL file that declares what is observed today and is not declared yet, marked unreviewed.';

CREATE FUNCTION rlsproof.use_supabase() RETURNS TABLE (item text, found text, remark text)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_use_supabase';
COMMENT ON FUNCTION rlsproof.use_supabase() IS
    'Declares the personas of a Supabase or PostgREST API from what the database says of it, and says what it does not say.';
