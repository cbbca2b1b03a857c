-- What each role of a small application may do by access() and verify(), compared with what it really can.
BEGIN;
SELECT plan(20);

CREATE ROLE pgtap_app_user;
CREATE ROLE pgtap_app_clerk IN ROLE pgtap_app_user;
CREATE SCHEMA pgtap_app;
CREATE TABLE pgtap_app.letters (id int PRIMARY KEY, writer text NOT NULL, sealed boolean NOT NULL);
ALTER TABLE pgtap_app.letters ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON pgtap_app.letters USING (writer = current_setting('app.user', true));
CREATE POLICY clerks ON pgtap_app.letters FOR SELECT TO pgtap_app_clerk USING (NOT sealed);
INSERT INTO pgtap_app.letters VALUES (1, 'ann', true), (2, 'ann', false), (3, 'bob', true), (4, 'bob', false);
GRANT USAGE ON SCHEMA pgtap_app TO pgtap_app_user;
GRANT SELECT, DELETE ON pgtap_app.letters TO pgtap_app_user;
SELECT rlsproof.persona('ann', 'pgtap_app_user', NULL, '{"app.user": "ann"}');
SELECT rlsproof.persona('clerk', 'pgtap_app_clerk', NULL, '{"app.user": "nobody"}');

CREATE FUNCTION pg_temp.cell(persona text, command text) RETURNS text LANGUAGE sql AS $$
    SELECT a.rows FROM rlsproof.access($1, 'pgtap_app.letters') a WHERE a.command = $2 $$;
CREATE FUNCTION pg_temp.verdict(persona text, command text) RETURNS text LANGUAGE sql AS $$
    SELECT v.verdict FROM rlsproof.verify($1, 'pgtap_app.letters', $2) v $$;

SELECT is(pg_temp.cell('ann', 'SELECT'), 'some', 'ann sees some letters');
SELECT is(pg_temp.cell('ann', 'UPDATE'), 'none', 'and changes none: nobody granted it');
SELECT is(pg_temp.cell('clerk', 'DELETE'), 'some', 'a clerk is past the privilege, so the policy decides');

SET LOCAL ROLE pgtap_app_user;
SELECT set_config('app.user', 'ann', true);
SELECT results_eq('SELECT id FROM pgtap_app.letters ORDER BY id', ARRAY[1, 2], 'ann really sees her own');
SELECT throws_ok('UPDATE pgtap_app.letters SET sealed = false', '42501', NULL, 'and really changes none');
SET LOCAL ROLE pgtap_app_clerk;
SELECT set_config('app.user', 'nobody', true);
SELECT results_eq('SELECT id FROM pgtap_app.letters ORDER BY id', ARRAY[2, 4], 'a clerk really sees what is not sealed');
SELECT throws_ok($$SELECT * FROM rlsproof.access()$$, '42501', NULL, 'and may not ask who else does');
SELECT throws_ok($$SELECT * FROM rlsproof.draft_matrix()$$, '42501', NULL, 'nor draft the matrix');
RESET ROLE;

SELECT is(pg_temp.verdict('clerk', 'SELECT'), 'open', 'undeclared, that is open');
-- Also what nobody wrote, should there be such a letter: the policy for writers lets a clerk see it, sealed or not.
SELECT rlsproof.scope('pgtap_app.letters', 'open_ones', $$NOT sealed OR writer = 'nobody'$$);
SELECT rlsproof.expect('clerk', 'pgtap_app.letters', 'select', 'open_ones');
SELECT is(pg_temp.verdict('clerk', 'SELECT'), 'ok', 'declared, it is as meant');
DROP POLICY clerks ON pgtap_app.letters;
SELECT is(pg_temp.verdict('clerk', 'SELECT'), 'lockout', 'without the policy the clerk is locked out');
CREATE POLICY clerks ON pgtap_app.letters FOR SELECT TO pgtap_app_clerk USING (true);
SELECT is(pg_temp.verdict('clerk', 'SELECT'), 'leak', 'and with a wider one it is a leak');
SELECT ok(EXISTS (SELECT FROM rlsproof.explain('clerk', 'pgtap_app.letters', 'select') WHERE explanation LIKE '%true for every row: adds all of them%'),
    'of which explain() names the policy');

-- What a function gives, by role: a clerk may call it, a user may not; and what it gives is what the role then really gets.
CREATE FUNCTION pgtap_app.count_letters() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT count(*) FROM pgtap_app.letters';
CREATE FUNCTION pgtap_app.letters_of(whose text) RETURNS SETOF pgtap_app.letters LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS 'SELECT * FROM pgtap_app.letters WHERE writer = whose';
CREATE FUNCTION pgtap_app.my_letters() RETURNS SETOF pgtap_app.letters LANGUAGE sql SECURITY DEFINER SET search_path = ''
    AS $$ SELECT * FROM pgtap_app.letters WHERE writer = current_setting('app.user', true) $$;
REVOKE ALL ON FUNCTION pgtap_app.count_letters(), pgtap_app.letters_of(text), pgtap_app.my_letters() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION pgtap_app.letters_of(text) TO pgtap_app_clerk;
GRANT EXECUTE ON FUNCTION pgtap_app.my_letters() TO pgtap_app_user;
DROP POLICY clerks ON pgtap_app.letters;
CREATE FUNCTION pg_temp.call(persona text, function text) RETURNS text LANGUAGE sql AS $$
    SELECT v.verdict || ' ' || v.evidence FROM rlsproof.verify($1, 'rpc:pgtap_app.' || $2) v $$;
SELECT is(pg_temp.call('clerk', 'letters_of(text)'), 'open execution', 'a clerk gets letters of anybody by a call');
SELECT is(pg_temp.call('ann', 'letters_of(text)'), 'ok privilege', 'ann may not call it');
SELECT is(pg_temp.call('ann', 'count_letters()'), 'ok privilege', 'nor what nobody may');
SELECT is((SELECT DISTINCT a.privilege FROM rlsproof.access('ann', 'rpc:pgtap_app.my_letters()') a), 'granted to pgtap_app_user by ' || current_user,
    'ann may call for her own');
SET LOCAL ROLE pgtap_app_clerk;
SELECT set_config('app.user', 'nobody', true);
SELECT isnt_empty($$SELECT * FROM pgtap_app.letters_of('ann')$$, 'the clerk really gets them');
SET LOCAL ROLE pgtap_app_user;
SELECT set_config('app.user', 'ann', true);
SELECT throws_ok($$SELECT * FROM pgtap_app.letters_of('bob')$$, '42501', NULL, 'ann really does not');
SELECT results_eq('SELECT id FROM pgtap_app.my_letters() ORDER BY id', ARRAY[1, 2], 'and gets her own');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
