-- The audit as one text, in every format, and what it says when it could not look.
\pset format unaligned
\pset tuples_only
\set SHOW_CONTEXT never
-- Nobody to look at: no format may read as an all-clear.
SELECT format, rlsproof.report(format) ~* 'nothing found(?! where it was possible)|nothing to mend|errors="0"|executionSuccessful": *true' AS says_all_is_well
FROM unnest(ARRAY['text', 'markdown', 'html', 'json', 'sarif', 'junit', 'tap']) format;
SELECT rlsproof.report('json')::jsonb ->> 'outcome', rlsproof.report('json')::jsonb ->> 'complete';
SELECT level, note LIKE 'nobody%' FROM rlsproof.audit_notes() WHERE level = 'error';

CREATE ROLE regress_report_owner;
CREATE ROLE regress_report_user;
CREATE SCHEMA report_it AUTHORIZATION regress_report_owner;
-- Messages of refusals.
CREATE FUNCTION report_it.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; h text;
BEGIN
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, h = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', sqlstate || ': ' || m, nullif(h, ''));
END $$;
SET ROLE regress_report_owner;
CREATE TABLE report_it.orders (id int PRIMARY KEY, owner text NOT NULL);
INSERT INTO report_it.orders VALUES (1, 'ann');
GRANT USAGE ON SCHEMA report_it TO regress_report_user;
GRANT SELECT ON report_it.orders TO regress_report_user;
RESET ROLE;
SELECT rlsproof.persona('ann <b>', 'regress_report_user');

-- The same findings as audit(), in the same order.
SELECT rlsproof.report('json')::jsonb ->> 'outcome';
SELECT f ->> 'rule', f ->> 'level', f ->> 'object' FROM jsonb_array_elements(rlsproof.report('json')::jsonb -> 'findings') f;
SELECT array(SELECT f ->> 'key' FROM jsonb_array_elements(rlsproof.report('json')::jsonb -> 'findings') f)
     = array(SELECT key FROM rlsproof.audit() WHERE rule <> 'not_looked_at') AS same;
SELECT jsonb_array_length(rlsproof.report('json')::jsonb -> 'notes') = (SELECT count(*) FROM rlsproof.audit_notes()) AS same_notes;
SELECT r ->> 'object' FROM jsonb_array_elements(rlsproof.report('json')::jsonb #> '{matrix,rows}') r WHERE r ->> 'object' LIKE 'report_it.%';
-- Each format is what it says it is.
SELECT split_part(rlsproof.report('sarif')::jsonb ->> 'version', '.', 1), jsonb_array_length(rlsproof.report('sarif')::jsonb #> '{runs,0,results}') > 0;
SELECT rlsproof.report('junit')::xml IS DOCUMENT AS junit;
SELECT rlsproof.report('tap') ~ '^TAP version 1[34]\n' AS tap, rlsproof.report('tap') ~ E'\nnot ok ' AS with_failures;
SELECT rlsproof.report('html') ~ '^<!doctype html>' AS html, rlsproof.report('html') !~ 'ann <b>' AS escaped;
SELECT rlsproof.report('markdown') ~ 'report_it\.orders' AS markdown;
SELECT rlsproof.report() = rlsproof.report('text') AS text_is_the_default;
SELECT rlsproof.report('html') = rlsproof.report('html') AS repeats;

-- Accepted: it is gone from the report, and comes back when nobody accepts it any more.
SELECT rlsproof.expect('ann <b>', 'report_it.orders', 'select', 'all');
SELECT f ->> 'rule', f ->> 'object' FROM jsonb_array_elements(rlsproof.report('json')::jsonb -> 'findings') f WHERE f ->> 'object' = 'report_it.orders' AND f ->> 'rule' = 'open';

-- A declaration whose object is gone is a finding, and so is a scope that can no longer be asked.
SELECT rlsproof.scope('report_it.orders', 'own', 'owner = current_user');
SELECT rlsproof.expect('ann <b>', 'report_it.o*', 'update', 'none');
DROP TABLE report_it.orders;
SELECT rule, level, object, message, fix FROM rlsproof.audit() WHERE rule = 'stale_declaration';

SELECT report_it.try($$SELECT rlsproof.report('pdf')$$);
DELETE FROM rlsproof.expectations;
DELETE FROM rlsproof.scopes;
DELETE FROM rlsproof.personas;
SET client_min_messages = warning;
DROP SCHEMA report_it CASCADE;
DROP ROLE regress_report_owner, regress_report_user;
