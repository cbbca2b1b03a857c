-- The guard's rules that look at the query rather than its plan: write_without_where, cartesian_join; and copy_out.
LOAD 'rlsproof';
SET rlsproof.small_table = 0;
SET rlsproof.report_interval = 0;
\set SHOW_CONTEXT never

CREATE SCHEMA guard_writes;
SET search_path = guard_writes;
CREATE TABLE users (id int PRIMARY KEY, email text, active boolean NOT NULL DEFAULT true);
CREATE TABLE orders (id int PRIMARY KEY, user_id int NOT NULL REFERENCES users ON DELETE CASCADE, status text);
CREATE TABLE items (id int PRIMARY KEY, order_id int, sku text);
INSERT INTO users SELECT g, 'u' || g FROM generate_series(1, 10) g;
INSERT INTO orders SELECT g, g, 'paid' FROM generate_series(1, 10) g;
INSERT INTO items SELECT g, g, 's' || g FROM generate_series(1, 10) g;
VACUUM ANALYZE users, orders, items;

-- No condition that says which rows.
SET rlsproof.rule_write_without_where = warn;
BEGIN;
UPDATE users SET active = true;
DELETE FROM items;
UPDATE users SET active = true WHERE true;
UPDATE users SET active = true WHERE 1 = 1;
UPDATE users SET active = true WHERE id = id;
UPDATE users SET active = true WHERE id IS NOT NULL;
UPDATE users SET active = true WHERE ctid IS NOT NULL;
UPDATE users SET active = true WHERE current_user = current_user;
UPDATE users SET active = true WHERE id = 5 OR true;
UPDATE users SET active = true WHERE EXISTS (SELECT 1 FROM orders);
UPDATE users SET active = true FROM items WHERE items.id = 3;
UPDATE users AS u SET active = true WHERE (SELECT count(*) FROM orders) > 0;
WITH gone AS (DELETE FROM items RETURNING 1) SELECT count(*) FROM gone;
WITH a AS (SELECT 1), b AS (UPDATE users SET active = true RETURNING id) INSERT INTO items SELECT id + 100 FROM b;
MERGE INTO users u USING (SELECT 1 AS one) s ON true WHEN MATCHED AND s.one = 1 THEN DELETE WHEN NOT MATCHED THEN DO NOTHING;
MERGE INTO users u USING (SELECT 1 AS one) s ON true WHEN MATCHED AND true THEN DELETE;
MERGE INTO users u USING (SELECT 1 AS one) s ON true WHEN MATCHED THEN UPDATE SET active = true;
INSERT INTO items VALUES (1);
TRUNCATE items;
TRUNCATE items, orders;
ROLLBACK;
-- A table that was just made has no row to lose, nor have its partitions; what CASCADE takes along is not known.
BEGIN;
CREATE TABLE fresh (id int PRIMARY KEY);
CREATE TABLE fresh_parts (id int) PARTITION BY RANGE (id);
CREATE TABLE fresh_part PARTITION OF fresh_parts FOR VALUES FROM (0) TO (10);
CREATE TABLE fresh_parent (id int);
CREATE TABLE fresh_child () INHERITS (fresh_parent);
TRUNCATE fresh, fresh_parts, fresh_parent;
TRUNCATE fresh CASCADE;
INSERT INTO fresh VALUES (1);
INSERT INTO fresh_parts VALUES (1);
INSERT INTO fresh_child VALUES (1);
TRUNCATE ONLY fresh_parent;
TRUNCATE fresh_parent;
TRUNCATE fresh_parts;
TRUNCATE fresh;
ROLLBACK;

-- Conditions that say it.
BEGIN;
UPDATE users SET active = true WHERE id = 5;
UPDATE users SET active = true WHERE email LIKE 'x%';
UPDATE users SET active = true WHERE email IS NOT NULL;
UPDATE users SET active = true WHERE NOT active;
UPDATE users u SET active = true FROM items i WHERE i.id = u.id;
UPDATE users u SET active = true FROM items i JOIN orders o ON o.id = i.order_id WHERE o.user_id = u.id;
UPDATE users u SET active = true WHERE EXISTS (SELECT 1 FROM orders o WHERE o.user_id = u.id AND o.id = 3);
DELETE FROM items USING orders o WHERE o.id = items.order_id AND o.id = 2;
DELETE FROM items WHERE id = (SELECT max(id) FROM items);
MERGE INTO users u USING items i ON u.id = i.id WHEN MATCHED THEN UPDATE SET active = true;
MERGE INTO users u USING (SELECT 1 AS one) s ON true WHEN MATCHED AND u.id = 3 THEN UPDATE SET active = true;
MERGE INTO users u USING (SELECT 1 AS one) s ON true WHEN MATCHED THEN DO NOTHING;
MERGE INTO users u USING items i ON u.id = i.id WHEN NOT MATCHED THEN INSERT VALUES (i.id + 1000);
WITH gone AS (DELETE FROM items WHERE id = 3 RETURNING 1) SELECT count(*) FROM gone;
INSERT INTO users VALUES (1) ON CONFLICT (id) DO UPDATE SET active = true;
DECLARE c CURSOR FOR SELECT * FROM users WHERE id = 1 FOR UPDATE;
MOVE c;
UPDATE users SET active = true WHERE CURRENT OF c;
CREATE TEMP TABLE scratch AS SELECT 1 AS a;
DELETE FROM scratch;
TRUNCATE scratch;
ROLLBACK;

-- Nothing is computed that the server would not have computed.
DELETE FROM users WHERE false AND 1 / 0 = 1;
-- A foreign key's cascade was asked for once, by whoever declared it.
BEGIN;
DELETE FROM users WHERE id = 4;
SELECT count(*) FROM orders WHERE user_id = 4;
-- What triggers do about it was not.
CREATE FUNCTION forget() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM items; RETURN old; END';
CREATE TRIGGER forgets BEFORE DELETE ON orders FOR EACH ROW EXECUTE FUNCTION forget();
DELETE FROM users WHERE id = 5;
ROLLBACK;

-- Refused: by name, from everywhere, and with nothing changed.
SET rlsproof.rule_write_without_where = error;
DELETE FROM items;
\echo :LAST_ERROR_SQLSTATE
TRUNCATE items;
\echo :LAST_ERROR_SQLSTATE
WITH gone AS (DELETE FROM items RETURNING 1) SELECT count(*) FROM gone;
PREPARE all_of_them AS UPDATE users SET active = false;
EXECUTE all_of_them;
EXECUTE all_of_them;
CREATE FUNCTION emptied() RETURNS void LANGUAGE sql AS 'DELETE FROM items';
CREATE FUNCTION truncated() RETURNS void LANGUAGE plpgsql AS 'BEGIN TRUNCATE items; END';
CREATE FUNCTION executed() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DELETE FROM ' || 'items'; END $$;
SELECT emptied();
SELECT truncated();
SELECT executed();
DO 'BEGIN DELETE FROM items; END';
CREATE FUNCTION cleared() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM items; RETURN NULL; END';
CREATE TRIGGER cleared AFTER UPDATE ON orders FOR EACH STATEMENT EXECUTE FUNCTION cleared();
UPDATE orders SET status = 'open' WHERE id = 1;
DROP TRIGGER cleared ON orders;
CREATE RULE cleared AS ON UPDATE TO orders DO ALSO DELETE FROM items;
-- A rule hands its own statement the condition of the one it was made for, which is about another table.
UPDATE orders SET status = 'open' WHERE id = 1;
DROP RULE cleared ON orders;
SELECT count(*) FROM items;
-- EXPLAIN never fails; with ANALYZE it changes what the statement changes, or what the statement runs does.
EXPLAIN (COSTS OFF) DELETE FROM items;
EXPLAIN ANALYZE DELETE FROM items WHERE true;
EXPLAIN ANALYZE SELECT truncated();
EXPLAIN ANALYZE WITH gone AS (DELETE FROM items RETURNING 1) SELECT count(*) FROM gone;

-- Views, partitions, inheritance.
SET rlsproof.rule_write_without_where = warn;
CREATE VIEW everybody AS SELECT * FROM users;
CREATE VIEW inactive AS SELECT * FROM users WHERE NOT active;
CREATE TABLE parted (tenant int, note text) PARTITION BY LIST (tenant);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
INSERT INTO parted VALUES (1), (2);
BEGIN;
UPDATE everybody SET email = 'x';
UPDATE everybody SET email = 'x' WHERE id = 3;
-- The view's own condition is one.
DELETE FROM inactive;
UPDATE parted SET note = 'x';
UPDATE parted SET note = 'x' WHERE tenant = 1;
DELETE FROM parted_1;
TRUNCATE parted;
ROLLBACK;
-- The table's policies do not count: whoever wrote the statement did not write them.
ALTER TABLE items ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON items USING (id < 3);
CREATE ROLE regress_guard_writer;
GRANT USAGE ON SCHEMA guard_writes TO regress_guard_writer;
GRANT ALL ON ALL TABLES IN SCHEMA guard_writes TO regress_guard_writer;
BEGIN;
SET LOCAL ROLE regress_guard_writer;
DELETE FROM items;
ROLLBACK;
DROP POLICY few ON items;
ALTER TABLE items DISABLE ROW LEVEL SECURITY;
SET rlsproof.rule_write_without_where = off;

-- cartesian_join: nothing joins them.
SET rlsproof.rule_cartesian_join = warn;
SELECT count(*) FROM users, items;
SELECT count(*) FROM users u CROSS JOIN items i WHERE u.email = 'u3';
SELECT count(*) FROM users u JOIN items i ON u.id > 5;
SELECT count(*) FROM users u, (SELECT * FROM items WHERE id < 5) i;
SELECT count(*) FROM orders WHERE id IN (SELECT u.id FROM users u, items i);
WITH both_of AS (SELECT u.id FROM users u, items i) SELECT count(*) FROM both_of;
SELECT count(*) FROM users u JOIN orders o ON o.user_id = u.id, items i;
SELECT (SELECT count(*) FROM users, items) AS n;
INSERT INTO items SELECT u.id + 1000 * o.id FROM users u, orders o WHERE u.id < 0;
UPDATE users SET active = true FROM items;
DELETE FROM users USING items WHERE users.id < 0;
MERGE INTO users u USING items i ON u.id < 0 WHEN MATCHED THEN UPDATE SET active = true;
-- What a sub-select, a view or a common table expression is made of.
CREATE VIEW every_item AS SELECT * FROM items;
SELECT count(*) FROM users, every_item;
WITH u AS (SELECT * FROM users), i AS MATERIALIZED (SELECT * FROM items) SELECT count(*) FROM u, i;
WITH u AS (SELECT * FROM users) SELECT (SELECT count(*) FROM u, items) AS n;
SELECT count(*) FROM (SELECT id FROM users UNION ALL SELECT id FROM items) a, orders;
SELECT count(*) FROM (SELECT id FROM users ORDER BY email FETCH FIRST ROW WITH TIES) u, orders;
-- The same value joins those that are equal to it, and no others.
SELECT count(*) FROM users u, orders o WHERE u.id < 5 AND o.id < 5;
SELECT count(*) FROM users u, orders o WHERE u.email <> 'x' AND o.status <> 'x';
-- One row of one table is no row of what is joined to it by another column than a key.
SELECT count(*) FROM users u JOIN orders o ON o.user_id = u.id, items i WHERE u.id = 5;
SELECT count(*) FROM (SELECT id FROM users WHERE email = 'u5') u, orders;

-- Joined by a condition, by the same value, by a LATERAL, or with something of one row.
SELECT count(*) FROM users u, orders o WHERE o.user_id = u.id;
SELECT count(*) FROM users u, orders o WHERE u.email = 'u5' AND o.status = 'u5';
SELECT count(*) FROM users u, orders o WHERE u.id = 5;
SELECT count(*) FROM users u, orders o WHERE u.id < o.id;
SELECT count(*) FROM (SELECT * FROM users WHERE id = 5) u, orders o;
SELECT count(*) FROM every_item v, orders o WHERE v.id = 5;
SELECT count(*) FROM (SELECT * FROM users LIMIT 1) u, orders o;
SELECT count(*) FROM (SELECT * FROM users ORDER BY id FETCH FIRST ROW ONLY) u, orders o;
WITH u AS (SELECT * FROM users WHERE id = 5) SELECT count(*) FROM u, orders;
SELECT count(*) FROM orders o JOIN users u ON u.id = o.user_id, items i WHERE o.id = 5;
SELECT count(*) FROM (SELECT count(*) AS n FROM users UNION ALL SELECT 1) a, orders;
SELECT count(*) FROM users u, generate_series(1, 3) g;
SELECT count(*) FROM users u, (SELECT count(*) FROM items) i;
SELECT count(*) FROM users u, LATERAL (SELECT * FROM orders o WHERE o.user_id = u.id LIMIT 1) o;
SELECT count(*) FROM users u JOIN orders o USING (id) JOIN items i ON i.order_id = o.id;
SELECT count(*) FROM (users u JOIN orders o USING (id)) j JOIN items i ON i.order_id = j.id;
SELECT count(*) FROM users u NATURAL JOIN orders o;
SELECT count(*) FROM users u LEFT JOIN orders o ON o.user_id = u.id FULL JOIN items i ON i.order_id = o.id;
SELECT count(*) FROM users u, (VALUES (1), (2)) v(x) WHERE u.id < 3;
SELECT count(*) FROM users u WHERE EXISTS (SELECT 1 FROM items);
MERGE INTO users u USING items i ON u.id = i.id WHEN MATCHED THEN UPDATE SET active = true;
SELECT count(*) FROM pg_class, users WHERE users.id < 0;
SET rlsproof.small_table = 1000;
SELECT count(*) FROM users, items;
SET rlsproof.small_table = 0;
SET rlsproof.rule_cartesian_join = error;
SELECT count(*) FROM users, items;
\echo :LAST_ERROR_SQLSTATE
EXPLAIN (COSTS OFF) SELECT count(*) FROM users, items;
PREPARE crossed AS SELECT count(*) FROM users, items;
EXECUTE crossed;
EXECUTE crossed;
DEALLOCATE ALL;
SET rlsproof.rule_cartesian_join = off;

-- copy_out: tables and queries that leave by COPY; what comes in does not leave.
SET rlsproof.rule_copy_out = warn;
COPY (SELECT id FROM items WHERE id < 3 ORDER BY id) TO STDOUT;
COPY items (id) TO PROGRAM 'cat > /dev/null';
COPY items TO '/dev/null';
COPY items FROM STDIN;
100	1	x
\.
COPY pg_catalog.pg_am TO '/dev/null';
SET rlsproof.small_table = 1000;
COPY items TO '/dev/null';
SET rlsproof.small_table = 0;
SET rlsproof.rule_copy_out = error;
COPY items TO STDOUT;
\echo :LAST_ERROR_SQLSTATE
COPY (SELECT id FROM items) TO STDOUT;
COPY (DELETE FROM items WHERE id = 100 RETURNING id) TO STDOUT;
DO $$ BEGIN COPY items TO '/dev/null'; END $$;
-- What is not there is the server's to say.
COPY nothing TO STDOUT;
SET rlsproof.rule_copy_out = off;

SET client_min_messages = warning;
DROP SCHEMA guard_writes CASCADE;
DROP ROLE regress_guard_writer;
