-- What may be declared, what is refused and what is said then, and what becomes of declarations.
\pset null '(null)'
\set SHOW_CONTEXT never
CREATE ROLE regress_declare_reader;
CREATE ROLE regress_declare_writer;
CREATE SCHEMA declare_it;
CREATE TABLE declare_it.orders (id int PRIMARY KEY, tenant text, "Owner" text, total int);
CREATE TABLE declare_it."Odd Name" (id int);
CREATE SEQUENCE declare_it.numbers;
CREATE FUNCTION declare_it.pay(a int, b declare_it.orders) RETURNS int LANGUAGE sql RETURN 1;
-- Messages of refusals.
CREATE FUNCTION declare_it.try(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text;
BEGIN
    EXECUTE statement;
    RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
    RETURN concat_ws(E'\n', sqlstate || ': ' || m, nullif(d, ''), nullif(h, ''));
END $$;
\set VERBOSITY terse

-- Personas.
SELECT rlsproof.persona('reader', 'regress_declare_reader');
SELECT rlsproof.persona('ann', 'regress_declare_writer', '{"sub": "a", "role": "x"}', '{"app.tenant": 42, "work_mem": "1MB"}', 'the first');
SELECT rlsproof.persona('ann', 'regress_declare_writer', '{"sub": "*"}', '{"app.tenant": "a"}', 'again');
SELECT * FROM rlsproof.personas ORDER BY name COLLATE "C";
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_raeder')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('', 'regress_declare_reader')$$);
SELECT declare_it.try($$SELECT rlsproof.persona(NULL, 'regress_declare_reader')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_reader', '[1]')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_reader', NULL, '"x"')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_reader', NULL, '{"role": "postgres"}')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_reader', NULL, '{"request.jwt.claims": "{}"}')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_reader', NULL, '{"work_mem": "much"}')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_reader', NULL, '{"app.list": [1]}')$$);
SELECT declare_it.try($$SELECT rlsproof.persona('bob', 'regress_declare_reader', NULL, '{"no_such_setting": "1"}')$$);

-- Scopes: the predicate is asked of the relation, and a mistake is shown in it.
SELECT rlsproof.scope('declare_it.orders', 'own', '"Owner" = current_user', 'tenant', 'whose it is');
SELECT rlsproof.scope('declare_it.orders', 'tenant', 'tenant = current_setting(''app.tenant'', true) -- theirs');
SELECT rlsproof.scope('declare_it."Odd Name"', 'first', 'id = 1');
SELECT relation, scope, rtrim(predicate, E'\n') AS predicate, tenant_column, note FROM rlsproof.scopes ORDER BY relation COLLATE "C", scope COLLATE "C";
SET search_path = declare_it, pg_catalog;
SELECT rlsproof.scope('declare_it.ORDERS', 'own', '"Owner" = current_user');
RESET search_path;
SELECT count(*) FROM rlsproof.scopes;
\set VERBOSITY default
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'owner = current_user');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'tenant = ''ä'' and and total > 1');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'total');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'total + 1 > tenant');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'true) or (true');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'true order by 1');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'true; drop table declare_it.orders');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'count(*) > 1');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'no_such_function(id)');
SELECT rlsproof.scope('declare_it.orders', 'wrong', 'total > 1 /* open');
\set VERBOSITY terse
SELECT declare_it.try($$SELECT rlsproof.scope('declare_it.order', 'own', 'true')$$);
SELECT declare_it.try($$SELECT rlsproof.scope('declare_it.orders', 'all', 'true')$$);
SELECT declare_it.try($$SELECT rlsproof.scope('declare_it.orders', 'own', 'true', 'tenants')$$);
SELECT declare_it.try($$SELECT rlsproof.scope('declare_it.numbers', 'own', 'true')$$);
SELECT declare_it.try($$SELECT rlsproof.scope('declare_it.*', 'own', 'true')$$);
SELECT declare_it.try($$SELECT rlsproof.scope('rpc:declare_it.pay(int, declare_it.orders)', 'own', 'true')$$);
SELECT declare_it.try($$SELECT rlsproof.scope('declare_it.orders', 'own', NULL)$$);
SELECT declare_it.try($$SELECT rlsproof.scope('no.such.thing.at.all', 'own', 'true')$$);

-- Expectations: names come out in full, commands one by one.
SELECT rlsproof.expect('reader', 'declare_it.orders', 'select', 'own');
SELECT rlsproof.expect('ann', 'declare_it.orders', 'Select, INSERT,update', 'own', 'hers');
SELECT rlsproof.expect('ann', 'declare_it."Odd Name"', 'all', 'none');
SELECT rlsproof.expect('ann', 'declare_it.*', 'delete', 'none');
SELECT rlsproof.expect('ann', 'rpc:declare_it.pay(int,declare_it.orders)', 'execute', 'all');
SELECT * FROM rlsproof.expectations ORDER BY persona COLLATE "C", object COLLATE "C", command COLLATE "C";
SELECT rlsproof.expect('ann', 'declare_it.orders', 'insert, update', NULL);
SELECT command, access, note FROM rlsproof.expectations WHERE object = 'declare_it.orders' ORDER BY 1, 2;
SELECT rlsproof.expect('ann', 'declare_it.orders', 'all', NULL);
SELECT count(*) FROM rlsproof.expectations WHERE persona = 'ann' AND object = 'declare_it.orders';
SELECT rlsproof.expect('ann', 'declare_it.orders', 'all', NULL);
SELECT declare_it.try($$SELECT rlsproof.expect('anne', 'declare_it.orders', 'select', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'declare_it.orders', 'read', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'declare_it.orders', 'select,', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'declare_it.orders', 'execute', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'rpc:declare_it.pay(int,declare_it.orders)', 'select', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'rpc:declare_it.pay(int,declare_it.orders)', 'execute', 'own')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'rpc:declare_it.pay', 'execute', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'bucket:avatars', 'truncate', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'declare_it.orders', 'select', 'mine')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'declare_it."Odd Name"', 'select', 'own')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'no_such_thing', 'select', 'all')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('ann', 'declare_it.orders', NULL, 'all')$$);
-- What is not there is declared with a warning: a table may come back.
SELECT rlsproof.expect('ann', 'declare_it.ordres', 'select', 'all');
SELECT rlsproof.expect('ann', 'nowhere.*', 'select', 'all');
SELECT rlsproof.expect('ann', 'declare_it.o*', 'select', 'tenant');
SELECT rlsproof.expect('ann', 'declare_it.*', 'select', 'tenant');

-- Waivers.
SELECT rlsproof.waive('rls_disabled', 'declare_it.orders', 'a demo', '2999-01-01');
SELECT rlsproof.waive('rls_disabled', 'declare_it.orders', 'still a demo', '2999-01-02');
SELECT rlsproof.waive('leak', 'declare_it.*', 'a demo', '2999-01-01');
SELECT rule, object, reason, to_char(until, 'YYYY-MM-DD') AS until FROM rlsproof.waivers ORDER BY rule COLLATE "C";
SELECT declare_it.try($$SELECT rlsproof.waive('rls_disable', 'declare_it.orders', 'a demo', '2999-01-01')$$);
SELECT declare_it.try($$SELECT rlsproof.waive('rls_disabled', 'declare_it.orders', ' ', '2999-01-01')$$);
SET DateStyle = 'German';
SELECT declare_it.try($$SELECT rlsproof.waive('rls_disabled', 'declare_it.orders', 'a demo', '01.02.2001')$$);
RESET DateStyle;
SELECT declare_it.try($$SELECT rlsproof.waive('rls_disabled', 'declare_it.orders', 'a demo', 'infinity')$$);
SELECT declare_it.try($$SELECT rlsproof.waive('rls_disabled', 'declare_it.orders', 'a demo', NULL)$$);
-- One command of what is told of commands.
SELECT rlsproof.waive('open', 'declare_it.orders:INSERT', 'a form', '2999-01-01');
SELECT declare_it.try($$SELECT rlsproof.waive('rls_disabled', 'declare_it.orders:INSERT', 'a form', '2999-01-01')$$);
SELECT object FROM rlsproof.waivers WHERE rule = 'open';
SELECT rlsproof.waive('rls_disabled', 'declare_it.ordres', 'a demo', '2999-01-01');

-- Nobody but the owner declares.
GRANT USAGE ON SCHEMA declare_it TO regress_declare_reader;
SET ROLE regress_declare_reader;
SELECT declare_it.try($$SELECT rlsproof.persona('x', 'regress_declare_reader')$$);
SELECT declare_it.try($$SELECT rlsproof.expect('x', 'declare_it.orders', 'all', 'all')$$);
SELECT declare_it.try($$SELECT count(*) FROM rlsproof.personas$$);
RESET ROLE;

-- A table that is dropped and created again keeps its declarations.
SELECT rlsproof.expect('reader', 'declare_it.orders', 'select', 'own');
DROP FUNCTION declare_it.pay;
DROP TABLE declare_it.orders;
CREATE TABLE declare_it.orders (id int PRIMARY KEY, "Owner" text);
SELECT object, access FROM rlsproof.expectations WHERE persona = 'reader';

DELETE FROM rlsproof.expectations;
DELETE FROM rlsproof.scopes;
DELETE FROM rlsproof.personas;
DELETE FROM rlsproof.waivers;
DROP SCHEMA declare_it CASCADE;
DROP ROLE regress_declare_reader, regress_declare_writer;
