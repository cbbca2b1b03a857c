-- How much of the matrix is declared, on what evidence it stands, and the matrix itself. The totals leave out what only
-- 17 and later know: MAINTAIN is granted to nobody here.
\set SHOW_CONTEXT never
CREATE ROLE regress_coverage_owner;
CREATE ROLE regress_coverage_user;
CREATE SCHEMA coverage_it AUTHORIZATION regress_coverage_owner;
SET ROLE regress_coverage_owner;
CREATE TABLE coverage_it.closed (id int PRIMARY KEY, owner text NOT NULL);
CREATE TABLE coverage_it.empty_policy (id int PRIMARY KEY);
ALTER TABLE coverage_it.empty_policy ENABLE ROW LEVEL SECURITY;
CREATE TABLE coverage_it.owned (id int PRIMARY KEY, owner text NOT NULL);
ALTER TABLE coverage_it.owned ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON coverage_it.owned USING (owner = current_setting('app.user', true));
CREATE TABLE coverage_it.public_list (id int PRIMARY KEY, owner text NOT NULL);
CREATE TABLE coverage_it.broken (id int PRIMARY KEY);
ALTER TABLE coverage_it.broken ENABLE ROW LEVEL SECURITY;
CREATE POLICY itself ON coverage_it.broken USING (id IN (SELECT b.id FROM coverage_it.broken b));
CREATE VIEW coverage_it.shown AS SELECT id FROM coverage_it.public_list;
INSERT INTO coverage_it.owned VALUES (1, 'ann'), (2, 'bob');
INSERT INTO coverage_it.public_list VALUES (1, 'ann');
GRANT USAGE ON SCHEMA coverage_it TO regress_coverage_user;
GRANT SELECT, INSERT, UPDATE, DELETE ON coverage_it.owned, coverage_it.empty_policy, coverage_it.broken TO regress_coverage_user;
GRANT SELECT ON coverage_it.public_list, coverage_it.shown TO regress_coverage_user;
RESET ROLE;
SELECT rlsproof.persona('ann', 'regress_coverage_user', NULL, '{"app.user": "ann"}');
SELECT rlsproof.persona('carl', 'regress_coverage_user', NULL, '{"app.user": "carl"}');

-- Nothing is declared: what can be reached is open, and nothing counts as covered.
SELECT * FROM rlsproof.role_coverage WHERE object LIKE 'coverage_it.%';
SELECT persona, object, cells > 0 AS cells, reachable, declared, proved, executed, vacuous, unknown, leaks
FROM rlsproof.coverage() WHERE persona IN ('ann', 'carl') AND object LIKE 'coverage_it.%';

-- Declared: as meant, as not meant, and with less than was meant.
SELECT rlsproof.scope('coverage_it.owned', 'own', 'owner = current_setting(''app.user'', true)');
SELECT rlsproof.expect('ann', 'coverage_it.owned', 'select, update, delete', 'own');
SELECT rlsproof.expect('carl', 'coverage_it.owned', 'select, insert, update, delete', 'none');
SELECT rlsproof.expect('ann', 'coverage_it.public_list', 'select', 'all');
SELECT rlsproof.expect('carl', 'coverage_it.public_list', 'select', 'none');
SELECT rlsproof.expect('ann', 'coverage_it.closed', 'select', 'all');
SELECT * FROM rlsproof.matrix() WHERE persona IN ('ann', 'carl') AND object LIKE 'coverage_it.%';
SELECT persona, object, cells > 0 AS cells, reachable, declared, executed, leaks FROM rlsproof.coverage()
WHERE persona IN ('ann', 'carl') AND object IN ('coverage_it.owned', 'coverage_it.public_list', 'coverage_it.closed');
-- What is declared by no one stands against the share that is.
SELECT persona, sum(declared) > 0 AS some_declared, sum(declared) < sum(cells) AS not_all
FROM rlsproof.coverage() WHERE persona IN ('ann', 'carl') GROUP BY persona ORDER BY persona COLLATE "C";

-- Many personas with the same codes stay within the screen.
SELECT rlsproof.persona('persona_' || i, 'regress_coverage_user') FROM generate_series(1, 7) i;
SELECT * FROM rlsproof.role_coverage WHERE object = 'coverage_it.shown';
-- The codes are told where somebody looks for them.
SELECT obj_description('rlsproof.matrix'::regproc) ~ 'L leak' AND obj_description('rlsproof.role_coverage'::regclass) ~ 'SELECT, INSERT' AS told;

DELETE FROM rlsproof.expectations;
DELETE FROM rlsproof.scopes;
DELETE FROM rlsproof.personas;
SET client_min_messages = warning;
DROP SCHEMA coverage_it CASCADE;
DROP ROLE regress_coverage_owner, regress_coverage_user;
