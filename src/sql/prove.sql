-- What holds for every content of every table, asked of a solver.

CREATE FUNCTION rlsproof.prove(only_persona text DEFAULT NULL, only_object text DEFAULT NULL,
                               only_command text DEFAULT NULL)
    RETURNS TABLE (persona text, object text, command text, expected text, direction text, verdict text, reason text,
                   witness jsonb, solver text, milliseconds double precision)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_prove';
COMMENT ON FUNCTION rlsproof.prove(text, text, text) IS
    'Whether a persona can reach more (no more) or less (no less) than was declared in any state of the database: proved, refuted with a witness, or unknown and why.';

CREATE FUNCTION rlsproof.escalation(only_persona text DEFAULT NULL, only_object text DEFAULT NULL,
                                    only_command text DEFAULT NULL)
    RETURNS TABLE (persona text, object text, command text, expected text, direction text, verdict text, reason text,
                   witness jsonb, solver text, milliseconds double precision)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_escalation';
COMMENT ON FUNCTION rlsproof.escalation(text, text, text) IS
    'Whether a persona comes to reach what was closed to it, and is not its by declaration, by writing what it may: proved, refuted with the write, or unknown and why.';

CREATE FUNCTION rlsproof.obligation(persona text, object text, command text, direction text DEFAULT 'no more')
    RETURNS text
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_obligation';
COMMENT ON FUNCTION rlsproof.obligation(text, text, text, text) IS
    'The question behind a cell of prove() as an SMT-LIB 2 script, which any solver answers with unsat where it is proved.';

-- An answer is about the text of a question, not about the database: the same question is not asked of a solver twice.
-- Whoever may write here may say that something is proved: nobody but the owner, unless a superuser grants it.
CREATE TABLE rlsproof.answers (
    question text PRIMARY KEY CHECK (question ~ '^[0-9a-f]{64}$'),
    solver text NOT NULL,
    answer text NOT NULL
);
COMMENT ON TABLE rlsproof.answers IS
    'What solvers have answered, by the hash of the question and of who answered. Filled by rlsproof.keep_answers(); no part of a dump.';

CREATE FUNCTION rlsproof.keep_answers() RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_keep_answers';
COMMENT ON FUNCTION rlsproof.keep_answers() IS
    'Keeps what solvers have answered in this session for later ones, which then ask only what has changed; returns how many answers are new.';

CREATE FUNCTION rlsproof.forget_answers() RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_forget_answers';
COMMENT ON FUNCTION rlsproof.forget_answers() IS
    'Forgets what solvers have answered, in this session and in what was kept; returns how many answers had been kept.';

CREATE FUNCTION rlsproof.same_meaning(relation text, one text, other text, only_persona text DEFAULT NULL)
    RETURNS TABLE (persona text, part text, verdict text, reason text, witness jsonb, solver text,
                   milliseconds double precision)
    LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
    AS 'MODULE_PATHNAME', 'rlsproof_same_meaning';
COMMENT ON FUNCTION rlsproof.same_meaning(text, text, text, text) IS
    'Whether two conditions, each the name of a policy of the table or a text, let the same rows through for every content of every table and any claims: proved, refuted with a row that one lets through and the other does not, or unknown and why.';
