-- The guard's rules that rest on counted rows and on series of statements: rows_read, result_rows, the rules about
-- transactions, n_plus_one, repeated_query.
LOAD 'rlsproof';
SET rlsproof.report_interval = 0;
SET max_parallel_workers_per_gather = 0;
\set SHOW_CONTEXT never

CREATE SCHEMA guard_rows;
SET search_path = guard_rows;
CREATE TABLE users (id int PRIMARY KEY, email text) WITH (autovacuum_enabled = off);
CREATE TABLE orders (id int PRIMARY KEY, user_id int, total numeric) WITH (autovacuum_enabled = off);
CREATE INDEX ON orders (user_id);
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 1000) g;
INSERT INTO orders SELECT g, 1 + g % 1000, g FROM generate_series(1, 5000) g;
VACUUM ANALYZE users, orders;

-- rows_read: what was read, by whatever kind of scan, whether or not it was returned.
SET rlsproof.rule_rows_read = warn;
SET rlsproof.max_rows_read = 999;
SELECT count(*) FROM orders WHERE total < 0;
SELECT count(*) FROM orders WHERE id <= 999;
SELECT id FROM orders LIMIT 3;
SET enable_seqscan = off;
SELECT sum(total) FROM orders WHERE id <= 1000;
SET enable_indexscan = off;
SET enable_bitmapscan = on;
SELECT sum(total) > 0 FROM orders WHERE user_id < 500;
RESET enable_seqscan;
RESET enable_indexscan;
-- Statements inside others are judged by themselves, and what they read is not told of the one around them.
CREATE FUNCTION counted() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM orders); END';
SELECT counted();
SELECT counted() FROM users WHERE id < 3;
SELECT count(*), counted() FROM orders WHERE id < 10;
UPDATE orders SET total = total + 1 WHERE total < 0;
-- A cursor is judged as it goes on: told once, when it has read too much.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM orders WHERE id % 900 = 0;
FETCH 1 FROM c;
FETCH 1 FROM c;
FETCH 1 FROM c;
COMMIT;
-- EXPLAIN ANALYZE warns, EXPLAIN reads nothing.
SET rlsproof.rule_rows_read = error;
\o /dev/null
EXPLAIN ANALYZE SELECT count(*) FROM orders;
EXPLAIN SELECT count(*) FROM orders;
\o
SELECT count(*) FROM users WHERE id < 5;
DO $$ BEGIN PERFORM count(*) FROM orders; EXCEPTION WHEN OTHERS THEN RAISE NOTICE '% %', sqlstate, sqlerrm; END $$;
-- What a statement is stopped at depends on when the clock is looked at; that it is stopped does not.
CREATE FUNCTION stopped(statement text) RETURNS text LANGUAGE plpgsql AS $$
    DECLARE more text;
    BEGIN EXECUTE statement; RETURN 'went through';
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS more = PG_EXCEPTION_DETAIL;
        RETURN sqlstate || ' ' || regexp_replace(more, '\d+ rows counted', 'N rows counted');
    END $$;
SELECT stopped('SELECT count(*) FROM orders a, orders b, orders c');
SELECT stopped('SELECT count(*) FROM orders');
SELECT stopped('SELECT count(*) FROM users');
SELECT stopped('SELECT count(*) FROM users WHERE id < 7');
-- A timeout after that is a timeout, in the same statement and in another.
SET statement_timeout = 50;
SELECT pg_sleep(60); -- cut short
\echo :LAST_ERROR_SQLSTATE
DO $$ BEGIN PERFORM stopped('SELECT count(*) FROM orders a, orders b, orders c'); PERFORM pg_sleep(60); END $$; -- cut short
\echo :LAST_ERROR_SQLSTATE
RESET statement_timeout;
-- The one around is stopped by its own name, also when the clock strikes within a statement that reads nothing.
CREATE FUNCTION idle(i int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN i; END $$;
SELECT stopped('SELECT count(idle(a.id)) FROM orders a, orders b, orders c');
SET rlsproof.rule_rows_read = off;

-- result_rows: in error mode the row that is one too many does not leave.
SET rlsproof.rule_result_rows = warn;
SET rlsproof.max_result_rows = 3;
SELECT id FROM orders WHERE id < 5 ORDER BY id;
SELECT id FROM orders WHERE id < 4 ORDER BY id;
SET rlsproof.rule_result_rows = error;
SELECT id FROM orders WHERE id < 5 ORDER BY id;
\echo :LAST_ERROR_SQLSTATE
SELECT id FROM orders WHERE id < 4 ORDER BY id;
UPDATE orders SET total = 0 WHERE id < 5 RETURNING id;
UPDATE orders SET total = 0 WHERE id < 5;
COPY (SELECT id FROM orders WHERE id < 5 ORDER BY id) TO STDOUT;
PREPARE few(int) AS SELECT id FROM orders WHERE id < $1 ORDER BY id;
EXECUTE few(4);
EXECUTE few(5);
-- A cursor has one account, however it is fetched.
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM orders WHERE id < 10 ORDER BY id;
FETCH 2 FROM c;
FETCH 1 FROM c;
FETCH 1 FROM c;
ROLLBACK;
-- One that failed in a part that was rolled back does not count for the others.
BEGIN;
DECLARE c CURSOR FOR SELECT 10 / (id - 2) FROM orders ORDER BY id;
DECLARE d CURSOR FOR SELECT id FROM orders ORDER BY id;
SAVEPOINT a;
FETCH 2 FROM c;
ROLLBACK TO a;
FETCH 2 FROM d;
FETCH 2 FROM d;
ROLLBACK;
BEGIN;
DECLARE h CURSOR WITH HOLD FOR SELECT id FROM orders WHERE id < 10;
COMMIT;
-- What stays in the server is no result.
CREATE TABLE kept AS SELECT id FROM orders;
INSERT INTO kept SELECT id FROM orders;
DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM orders LOOP END LOOP; END $$;
SELECT count(*) FROM (SELECT id FROM orders) o;
CREATE PROCEDURE walked() LANGUAGE plpgsql AS
    $$ DECLARE r record; n int := 0; BEGIN FOR r IN SELECT id FROM orders LOOP n := n + 1; COMMIT; END LOOP; RAISE NOTICE '% rows', n; END $$;
CALL walked();
-- Of a function it is.
CREATE FUNCTION listed() RETURNS SETOF int LANGUAGE sql AS 'SELECT id FROM orders WHERE id < 10';
CREATE FUNCTION listed_too() RETURNS SETOF int LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT id FROM orders WHERE id < 10; END';
SELECT listed();
SELECT * FROM listed_too();
\o /dev/null
EXPLAIN ANALYZE SELECT id FROM orders WHERE id < 10;
\o
SET rlsproof.rule_result_rows = off;

-- Transactions: told once of each, and refused from there on.
SET rlsproof.rule_transaction_rows_read = warn;
SET rlsproof.max_transaction_rows_read = 12000;
SET rlsproof.rule_transaction_rows_written = warn;
SET rlsproof.max_transaction_rows_written = 1500;
BEGIN;
SELECT count(*) FROM orders;
SELECT count(*) FROM orders;
SELECT count(*) FROM orders;
SELECT count(*) FROM orders;
COMMIT;
SELECT count(*) FROM orders;
BEGIN;
UPDATE users SET email = 'x';
SAVEPOINT a;
UPDATE users SET email = 'y' WHERE id < 400;
ROLLBACK TO a;
-- What was rolled back was work all the same.
UPDATE users SET email = 'z' WHERE id < 400;
DELETE FROM users WHERE id < 3;
ROLLBACK;
BEGIN;
UPDATE users SET email = 'x';
COMMIT;
SET rlsproof.rule_transaction_rows_written = error;
BEGIN;
UPDATE users SET email = 'x';
UPDATE users SET email = 'y';
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
BEGIN;
UPDATE users SET email = 'x';
SAVEPOINT a;
UPDATE users SET email = 'y';
ROLLBACK TO a;
-- What writes nothing may still look.
SELECT email FROM users WHERE id = 1;
INSERT INTO users VALUES (10001);
ROLLBACK;
-- Written inside functions, triggers and CTEs.
CREATE FUNCTION writes() RETURNS void LANGUAGE plpgsql AS
    $$ BEGIN FOR i IN 1..4 LOOP UPDATE users SET email = i::text WHERE id <= 400; END LOOP; END $$;
SELECT writes();
WITH a AS (UPDATE users SET email = 'x' RETURNING id) UPDATE orders o SET total = 0 FROM a WHERE o.id = a.id;
CREATE FUNCTION logs() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN INSERT INTO kept VALUES (NEW.id); RETURN NEW; END';
CREATE TRIGGER logs AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION logs();
UPDATE users SET email = 'x' WHERE id <= 900;
DROP TRIGGER logs ON users;
-- What COPY brings in, and what a new table begins with.
COPY kept FROM PROGRAM 'seq 1 1501';
BEGIN;
COPY kept FROM PROGRAM 'seq 1 1000';
CREATE TABLE kept_too AS SELECT id FROM orders WHERE id <= 501;
ROLLBACK;
COPY kept FROM PROGRAM 'seq 1 1500';
SET rlsproof.rule_transaction_rows_read = off;
SET rlsproof.rule_transaction_rows_written = off;

-- n_plus_one: the same query for one row after another. A candidate, never more.
SET rlsproof.rule_n_plus_one = warn;
SET rlsproof.n_plus_one_count = 4;
BEGIN;
SELECT id FROM users WHERE id < 4 ORDER BY id;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 2;
SELECT email FROM users WHERE id = 3;
SELECT email FROM users WHERE id = 4;
SELECT email FROM users WHERE id = 5;
COMMIT;
-- Prepared statements are the same query as well; what returns several rows, writes, or repeats its values is another matter.
BEGIN;
PREPARE one(int) AS SELECT email FROM users WHERE id = $1;
EXECUTE one(1);
EXECUTE one(2);
EXECUTE one(3);
EXECUTE one(4);
COMMIT;
BEGIN;
SELECT count(*) FROM (SELECT 1 FROM orders WHERE user_id = 1) o;
\o /dev/null
SELECT id FROM orders WHERE user_id = 1;
SELECT id FROM orders WHERE user_id = 2;
SELECT id FROM orders WHERE user_id = 3;
SELECT id FROM orders WHERE user_id = 4;
SELECT id FROM orders WHERE user_id = 5;
\o
COMMIT;
BEGIN;
UPDATE users SET email = 'a' WHERE id = 1;
UPDATE users SET email = 'a' WHERE id = 2;
UPDATE users SET email = 'a' WHERE id = 3;
UPDATE users SET email = 'a' WHERE id = 4;
UPDATE users SET email = 'a' WHERE id = 5;
COMMIT;
-- A loop on the server is no conversation.
DO $$ BEGIN FOR i IN 1..20 LOOP PERFORM email FROM users WHERE id = i; END LOOP; END $$;
-- The next transaction starts anew.
BEGIN;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 2;
COMMIT;
BEGIN;
SELECT email FROM users WHERE id = 3;
SELECT email FROM users WHERE id = 4;
COMMIT;
-- What is asked for at once loses the LIMIT that was meant for one row; a comparison that takes no list stays.
BEGIN;
PREPARE limited(int, int) AS SELECT email FROM users WHERE id = $1 AND id >= $2 LIMIT 1;
\o /dev/null
EXECUTE limited(1, 0);
EXECUTE limited(2, 0);
EXECUTE limited(3, 0);
\o
EXECUTE limited(4, 0);
COMMIT;
BEGIN;
PREPARE converted(text) AS SELECT email FROM users WHERE id = $1::int;
\o /dev/null
EXECUTE converted('1');
EXECUTE converted('2');
EXECUTE converted('3');
\o
EXECUTE converted('4');
COMMIT;
DEALLOCATE limited;
DEALLOCATE converted;
-- Catalogs, settings and sequences are no data of anybody; what a function hands out may be.
CREATE FUNCTION email_of(wanted int) RETURNS text LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT email FROM users WHERE id = wanted); END';
SET rlsproof.rule_n_plus_one = error;
BEGIN;
SELECT relname FROM pg_class WHERE oid = 1259;
SELECT relname FROM pg_class WHERE oid = 1247;
SELECT relname FROM pg_class WHERE oid = 1249;
SELECT relname FROM pg_class WHERE oid = 1255;
SELECT set_config('guard_rows.tenant', '1', true);
SELECT set_config('guard_rows.tenant', '2', true);
SELECT set_config('guard_rows.tenant', '3', true);
SELECT set_config('guard_rows.tenant', '4', true);
SELECT email_of(1);
SELECT email_of(2);
SELECT email_of(3);
SELECT email_of(4);
ROLLBACK;
-- EXPLAIN is not sent to get rows.
BEGIN;
\o /dev/null
EXPLAIN ANALYZE SELECT email FROM users WHERE id = 1;
EXPLAIN ANALYZE SELECT email FROM users WHERE id = 2;
EXPLAIN ANALYZE SELECT email FROM users WHERE id = 3;
EXPLAIN ANALYZE SELECT email FROM users WHERE id = 4;
EXPLAIN ANALYZE SELECT email FROM users WHERE id = 5;
\o
ROLLBACK;
BEGIN;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 2;
SELECT email FROM users WHERE id = 3;
SELECT email FROM users WHERE id = 4;
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SET rlsproof.rule_n_plus_one = off;

-- repeated_query: the same values as well.
SET rlsproof.rule_repeated_query = warn;
SET rlsproof.repeated_query_count = 3;
CREATE SEQUENCE numbers;
BEGIN;
SELECT 1;
SELECT 1;
SELECT 1;
SELECT nextval('numbers');
SELECT nextval('numbers');
SELECT nextval('numbers');
SELECT relname FROM pg_class WHERE oid = 1259;
SELECT relname FROM pg_class WHERE oid = 1259;
SELECT relname FROM pg_class WHERE oid = 1259;
ROLLBACK;
BEGIN;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 2;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 1;
SELECT email FROM users WHERE id = 1;
COMMIT;
BEGIN;
EXECUTE one(7);
EXECUTE one(7);
EXECUTE one(7);
COMMIT;
SET rlsproof.rule_repeated_query = error;
BEGIN;
EXECUTE one(7);
EXECUTE one(7);
EXECUTE one(7);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SET rlsproof.rule_repeated_query = off;

-- COPY of a table passes no executor, so it is judged when it has ended.
SET rlsproof.rule_rows_read = warn;
SET rlsproof.max_rows_read = 3;
SET rlsproof.rule_result_rows = warn;
SET rlsproof.max_result_rows = 4;
CREATE TABLE parents (id int PRIMARY KEY);
CREATE TABLE children (id int, parent int REFERENCES parents ON DELETE CASCADE ON UPDATE CASCADE);
INSERT INTO parents VALUES (1), (2);
INSERT INTO children SELECT g, 1 + g % 2 FROM generate_series(1, 5) g;
COPY children TO STDOUT;
COPY parents TO STDOUT;
COPY children TO '/dev/null';
SET rlsproof.rule_rows_read = off;
SET rlsproof.rule_result_rows = error;
BEGIN;
COPY children TO STDOUT;
SELECT count(*) FROM parents;
ROLLBACK;
SET rlsproof.rule_result_rows = off;
SET rlsproof.rule_transaction_rows_read = warn;
SET rlsproof.max_transaction_rows_read = 8;
BEGIN;
COPY children TO STDOUT;
COPY children (id) TO STDOUT;
COMMIT;
SET rlsproof.rule_transaction_rows_read = off;

-- What the actions of foreign keys change is written by the transaction.
SET rlsproof.rule_transaction_rows_written = error;
SET rlsproof.max_transaction_rows_written = 2;
UPDATE parents SET id = 10 WHERE id = 1;
DELETE FROM parents WHERE id = 2;
SELECT * FROM children ORDER BY id;
SET rlsproof.max_transaction_rows_written = 4;
DELETE FROM parents WHERE id = 2;
SELECT * FROM children ORDER BY id;
-- What nobody reads of a WITH is done last, and counted.
SET rlsproof.rule_transaction_rows_written = off;
CREATE TABLE unread AS SELECT g AS id FROM generate_series(1, 10) g;
SET rlsproof.rule_transaction_rows_written = error;
BEGIN;
WITH one AS (UPDATE unread SET id = id) SELECT 1;
ROLLBACK;
SET rlsproof.rule_rows_read = warn;
SET rlsproof.max_rows_read = 9;
WITH one AS (UPDATE unread SET id = id WHERE id < 3) SELECT 1;
SET rlsproof.rule_rows_read = off;
RESET rlsproof.max_rows_read;
DROP TABLE unread;
SET rlsproof.rule_transaction_rows_written = off;

SET client_min_messages = warning;
DROP SCHEMA guard_rows CASCADE;
