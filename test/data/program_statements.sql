# What programs send, as their libraries write it, and what the guard says of it with every rule at warn. After `=>`
# stand the rules that are broken and their tables; a statement without it breaks none. `<-` names the values of its
# parameters, separated by bars.

# Prisma: findUnique, findFirst, with relations
SELECT "public"."users"."id", "public"."users"."email" FROM "public"."users" WHERE ("public"."users"."email" = $1 AND 1=1) LIMIT $2 OFFSET $3 <- u7@example.com | 1 | 0
SELECT "public"."orders"."id", "public"."orders"."user_id" FROM "public"."orders" WHERE "public"."orders"."user_id" IN ($1,$2,$3,$4,$5) OFFSET $6 <- 1 | 2 | 3 | 4 | 5 | 0
SELECT "public"."items"."id" FROM "public"."items" WHERE (1=1 AND "public"."items"."order_id" IN ($1,$2)) ORDER BY "public"."items"."id" ASC LIMIT $3 OFFSET $4 <- 1 | 2 | 10 | 0
# a page of all
SELECT "public"."users"."id", "public"."users"."email" FROM "public"."users" WHERE 1=1 ORDER BY "public"."users"."id" ASC LIMIT $1 OFFSET $2 <- 20 | 40
SELECT "public"."users"."id" FROM "public"."users" WHERE ("public"."users"."id") >= (SELECT "public"."users"."id" FROM "public"."users" WHERE ("public"."users"."id") = ($1)) ORDER BY "public"."users"."id" ASC LIMIT $2 OFFSET $3 <- 40 | 20 | 1
# findMany without take
SELECT "public"."orders"."id", "public"."orders"."total" FROM "public"."orders" WHERE 1=1 OFFSET $1 <- 0 => full_scan orders; no_limit
# count
SELECT COUNT(*) FROM (SELECT "public"."orders"."id" FROM "public"."orders" WHERE "public"."orders"."user_id" = $1 OFFSET $2) AS "sub" <- 7 | 0
SELECT COUNT(*) FROM (SELECT "public"."orders"."id" FROM "public"."orders" WHERE 1=1 OFFSET $1) AS "sub" <- 0 => full_scan orders
# some, none, every
SELECT "public"."users"."id" FROM "public"."users" WHERE ("public"."users"."id") IN (SELECT "t0"."user_id" FROM "public"."orders" AS "t0" WHERE ("t0"."id" = $1 AND "t0"."user_id" IS NOT NULL)) LIMIT $2 OFFSET $3 <- 12 | 5 | 0
SELECT "public"."users"."id" FROM "public"."users" LEFT JOIN "public"."orders" AS "j0" ON ("j0"."user_id") = ("public"."users"."id") WHERE ("j0"."id" = $1 AND ("j0"."id" IS NOT NULL)) OFFSET $2 <- 12 | 0
# the join strategy
SELECT "t0"."id", "t0"."email", "User_orders"."__prisma_data__" AS "orders" FROM "public"."users" AS "t0" LEFT JOIN LATERAL (SELECT COALESCE(JSONB_AGG("__prisma_data__"), '[]') AS "__prisma_data__" FROM (SELECT "t3"."__prisma_data__" FROM (SELECT JSONB_BUILD_OBJECT('id', "t2"."id") AS "__prisma_data__", "t2"."id" FROM (SELECT "t1".* FROM "public"."orders" AS "t1" WHERE "t0"."id" = "t1"."user_id") AS "t2") AS "t3" LIMIT $1) AS "t4") AS "User_orders" ON true WHERE "t0"."id" = $2 LIMIT $3 <- 100 | 7 | 1
# writes
INSERT INTO "public"."orders" ("user_id","status","total") VALUES ($1,$2,$3) RETURNING "public"."orders"."id", "public"."orders"."status" <- 7 | new | 3.50
UPDATE "public"."orders" SET "status" = $1 WHERE ("public"."orders"."id" IN ($2) AND 1=1) <- paid | 12
UPDATE "public"."orders" SET "status" = $1 WHERE ("public"."orders"."id" = $2 AND 1=1) RETURNING "public"."orders"."id" <- paid | 12
DELETE FROM "public"."orders" WHERE ("public"."orders"."id" IN ($1,$2) AND 1=1) <- 100001 | 100002
INSERT INTO "public"."users" ("id","email") VALUES ($1,$2) ON CONFLICT ("id") DO UPDATE SET "email" = $3 WHERE ("public"."users"."id" = $4 AND 1=1) RETURNING "public"."users"."id" <- 7 | a | u7@example.com | 7
# deleteMany({}) and updateMany({})
DELETE FROM "public"."carts" WHERE 1=1 => write_without_where carts
UPDATE "public"."carts" SET "note" = $1 WHERE 1=1 <- x => write_without_where carts
# what it asks to know the database
SELECT EXISTS(SELECT 1 FROM pg_namespace WHERE nspname = $1), version(), current_setting('server_version_num')::integer as numeric_version <- public
SELECT tbl.relname AS table_name, namespace.nspname as namespace FROM pg_class AS tbl INNER JOIN pg_namespace AS namespace ON namespace.oid = tbl.relnamespace WHERE tbl.relkind IN ('r', 'p') AND namespace.nspname = ANY ($1) ORDER BY namespace, table_name <- {public}
SELECT "id", "checksum" FROM "_prisma_migrations" ORDER BY "started_at" ASC
SELECT pg_advisory_lock(72707369)
DEALLOCATE ALL
BEGIN ISOLATION LEVEL READ COMMITTED
COMMIT

# PostgREST: the preamble, reads with embedded tables, exact counts
BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY
select set_config('search_path', $1, true), set_config('role', $2, true), set_config('request.jwt.claims', $3, true), set_config('request.method', $4, true), set_config('request.path', $5, true) <- "public", "extensions" | web | {"sub":"7"} | GET | /orders
WITH pgrst_source AS ( SELECT "public"."orders".* FROM "public"."orders" WHERE "public"."orders"."user_id" = $1 LIMIT $2 OFFSET $3 ) SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body, nullif(current_setting('response.headers', true), '') AS response_headers, nullif(current_setting('response.status', true), '') AS response_status, '' AS response_inserted FROM ( SELECT * FROM pgrst_source ) _postgrest_t <- 7 | 100 | 0
COMMIT
WITH pgrst_source AS ( SELECT "public"."users"."id", COALESCE( "users_orders_1"."users_orders_1", '[]') AS "orders" FROM "public"."users" LEFT JOIN LATERAL ( SELECT json_agg("users_orders_1")::jsonb AS "users_orders_1" FROM (SELECT "orders_1"."id", "orders_1"."total", row_to_json("orders_users_2".*) AS "users" FROM "public"."orders" AS "orders_1" LEFT JOIN LATERAL ( SELECT "users_2"."email" FROM "public"."users" AS "users_2" WHERE "users_2"."id" = "orders_1"."user_id" ) AS "orders_users_2" ON TRUE WHERE "orders_1"."user_id" = "public"."users"."id" ) AS "users_orders_1" ) AS "users_orders_1" ON TRUE WHERE "public"."users"."id" = ANY ($1) ) SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body FROM ( SELECT * FROM pgrst_source ) _postgrest_t <- {7,8}
WITH pgrst_source AS ( SELECT "public"."orders"."id" FROM "public"."orders" WHERE "public"."orders"."user_id" = $1 LIMIT $2 OFFSET $3 ), pgrst_source_count AS (SELECT 1 FROM "public"."orders" WHERE "public"."orders"."user_id" = $4) SELECT (SELECT pg_catalog.count(*) FROM pgrst_source_count) AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body FROM ( SELECT * FROM pgrst_source ) _postgrest_t <- 7 | 10 | 0 | 7
# Prefer: count=exact over a whole table, as the table editor of a dashboard asks
WITH pgrst_source AS ( SELECT "public"."orders"."id" FROM "public"."orders" LIMIT $1 OFFSET $2 ), pgrst_source_count AS (SELECT 1 FROM "public"."orders") SELECT (SELECT pg_catalog.count(*) FROM pgrst_source_count) AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body FROM ( SELECT * FROM pgrst_source ) _postgrest_t <- 10 | 0 => full_scan orders
# no limit was set: an endpoint that gives all of a table away
WITH pgrst_source AS ( SELECT "public"."orders".* FROM "public"."orders" ) SELECT null::bigint AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, coalesce(json_agg(_postgrest_t), '[]') AS body FROM ( SELECT * FROM pgrst_source ) _postgrest_t => full_scan orders
# writes and calls
WITH pgrst_source AS (INSERT INTO "public"."orders"("status", "user_id") SELECT "pgrst_body"."status", "pgrst_body"."user_id" FROM (SELECT $1 AS json_data) pgrst_payload, LATERAL (SELECT CASE WHEN json_typeof(pgrst_payload.json_data::json) = 'array' THEN pgrst_payload.json_data::json ELSE json_build_array(pgrst_payload.json_data::json) END AS val) pgrst_uniform_json, LATERAL (SELECT "status", "user_id" FROM json_to_recordset(pgrst_uniform_json.val) AS _("status" text, "user_id" integer)) pgrst_body RETURNING "public"."orders"."id") SELECT '' AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total, array[]::text[] AS header, coalesce(json_agg(_postgrest_t), '[]') AS body FROM (SELECT * FROM pgrst_source) _postgrest_t <- {"status":"new","user_id":7}
WITH pgrst_source AS (UPDATE "public"."orders" SET "status" = "pgrst_body"."status" FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL (SELECT "status" FROM json_to_record(pgrst_payload.json_data) AS _("status" text)) pgrst_body WHERE "public"."orders"."id" = $2 RETURNING 1) SELECT '' AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total FROM (SELECT * FROM pgrst_source) _postgrest_t <- {"status":"paid"} | 12
WITH pgrst_source AS (DELETE FROM "public"."orders" WHERE "public"."orders"."id" = $1 RETURNING 1) SELECT '' AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total FROM (SELECT * FROM pgrst_source) _postgrest_t <- 100003
WITH pgrst_source AS (DELETE FROM "public"."carts" RETURNING 1) SELECT '' AS total_result_set, pg_catalog.count(_postgrest_t) AS page_total FROM (SELECT * FROM pgrst_source) _postgrest_t => write_without_where carts
WITH pgrst_source AS (SELECT pgrst_call.pgrst_scalar FROM (SELECT $1::json AS json_data) pgrst_payload, LATERAL (SELECT "a" FROM json_to_record(pgrst_payload.json_data) AS _("a" integer) LIMIT 1) pgrst_body, LATERAL (SELECT "public"."orders_of"("a" := pgrst_body."a") pgrst_scalar) pgrst_call) SELECT null::bigint AS total_result_set, 1 AS page_total, coalesce(json_agg(_postgrest_t.pgrst_scalar)->0, 'null') AS body FROM (SELECT * FROM pgrst_source) _postgrest_t <- {"a":7}
# its schema cache
WITH base_types AS (WITH RECURSIVE recurse AS (SELECT oid, typbasetype, COALESCE(NULLIF(typbasetype, 0), oid) AS base FROM pg_type UNION SELECT t.oid, b.typbasetype, COALESCE(NULLIF(b.typbasetype, 0), b.oid) AS base FROM recurse t JOIN pg_type b ON t.typbasetype = b.oid) SELECT oid, base FROM recurse WHERE typbasetype = 0), arguments AS (SELECT oid, array_agg((COALESCE(name, ''), type::regtype::text) ORDER BY idx) AS args FROM pg_proc, unnest(proargnames, proargtypes) WITH ORDINALITY AS _ (name, type, idx) WHERE type IS NOT NULL GROUP BY oid) SELECT pn.nspname AS proc_schema, p.proname AS proc_name FROM pg_proc p LEFT JOIN arguments a ON a.oid = p.oid JOIN pg_namespace pn ON pn.oid = p.pronamespace JOIN base_types bt ON bt.oid = p.prorettype WHERE pn.nspname = ANY($1) <- {public}
SELECT n.nspname AS table_schema, c.relname AS table_name, d.description FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_description d on d.objoid = c.oid and d.objsubid = 0 WHERE c.relkind IN ('v','r','m','f','p') AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY table_schema, table_name
SELECT * FROM information_schema.table_privileges

# Django
SELECT "users"."id", "users"."email" FROM "users" WHERE "users"."id" = 7 LIMIT 21
SELECT "users"."id", "users"."email" FROM "users" LIMIT 21
SELECT "users"."id", "users"."email" FROM "users" ORDER BY "users"."id" DESC LIMIT 100
SELECT 1 AS "a" FROM "users" WHERE "users"."email" = 'u7@example.com' LIMIT 1
SELECT (1) AS "a" FROM "orders" LIMIT 1
SELECT COUNT(*) AS "__count" FROM "orders" WHERE "orders"."user_id" = 7
SELECT "sessions"."session_key", "sessions"."data" FROM "sessions" WHERE ("sessions"."expire_date" > '2026-01-01T00:00:00+00:00'::timestamptz AND "sessions"."session_key" = 'k5') LIMIT 21
UPDATE "orders" SET "status" = 'paid' WHERE "orders"."id" IN (SELECT U0."id" FROM "orders" U0 INNER JOIN "users" U1 ON (U0."user_id" = U1."id") WHERE U1."email" = 'u7@example.com')
SELECT "orders"."id", "users"."id" FROM "orders" INNER JOIN "users" ON ("orders"."user_id" = "users"."id") WHERE "users"."email" = 'u7@example.com' ORDER BY "orders"."id" ASC LIMIT 21
SELECT "orders"."id" FROM "orders" WHERE "orders"."user_id" IN (1, 2, 3, 4, 5)
SELECT "orders"."user_id", COUNT("orders"."id") AS "n" FROM "orders" WHERE "orders"."user_id" IN (1, 2) GROUP BY "orders"."user_id" ORDER BY 1
SELECT "users"."id" FROM "users" WHERE EXISTS(SELECT 1 AS "a" FROM "orders" U0 WHERE (U0."id" = 12 AND U0."user_id" = ("users"."id")) LIMIT 1)
SELECT "countries"."code", "countries"."name" FROM "countries" ORDER BY "countries"."name" ASC
DELETE FROM "orders" WHERE "orders"."id" IN (100004)
# the admin's count of all, and a search in the middle of texts
SELECT COUNT(*) AS "__count" FROM "orders" => full_scan orders
SELECT "users"."id" FROM "users" WHERE UPPER("users"."email"::text) LIKE UPPER('%u7%') LIMIT 21 => full_scan users
# .update() and .delete() of a whole queryset
UPDATE "carts" SET "note" = 'x' => write_without_where carts
SELECT "carts"."id" FROM "carts" FOR UPDATE

# SQLAlchemy
select pg_catalog.version()
select current_schema()
show standard_conforming_strings
SELECT pg_catalog.pg_class.relname FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_catalog.pg_namespace.oid = pg_catalog.pg_class.relnamespace WHERE pg_catalog.pg_class.relname = $1 AND pg_catalog.pg_class.relkind = ANY (ARRAY['r','p','f','v','m']) AND pg_catalog.pg_table_is_visible(pg_catalog.pg_class.oid) AND pg_catalog.pg_namespace.nspname != $2 <- users | pg_catalog
SELECT users.id AS users_id, users.email AS users_email FROM users WHERE users.id = $1 <- 7
SELECT orders.user_id AS orders_user_id, orders.id AS orders_id FROM orders WHERE orders.user_id IN ($1, $2, $3) <- 1 | 2 | 3
SELECT anon_1.users_id, orders_1.id FROM (SELECT users.id AS users_id FROM users WHERE users.email = $1 LIMIT $2) AS anon_1 LEFT OUTER JOIN orders AS orders_1 ON anon_1.users_id = orders_1.user_id <- u7@example.com | 10
SELECT EXISTS (SELECT 1 FROM users WHERE users.email = $1) AS anon_1 <- u7@example.com
SELECT count(*) AS count_1 FROM (SELECT orders.id AS orders_id FROM orders WHERE orders.user_id = $1) AS anon_1 <- 7
SELECT orders.id FROM orders JOIN users ON users.id = orders.user_id WHERE users.id = $1 ORDER BY orders.id DESC LIMIT $2 FOR UPDATE OF orders <- 7 | 5
INSERT INTO users (id, email) SELECT p0::INTEGER, p1::VARCHAR FROM (VALUES ($1, $2, 0), ($3, $4, 1)) AS imp_sen(p0, p1, sen_counter) ORDER BY sen_counter ON CONFLICT DO NOTHING RETURNING users.id, users.id AS id__1 <- 900001 | a | 900002 | b
# two entities in one select(), and what was meant to join them is missing
SELECT users.id, orders.id AS id_1 FROM users, orders WHERE orders.id IN ($1, $2) AND users.orders_count = $3 <- 7 | 8 | 5 => cartesian_join users; full_scan users
# one row by a unique key, and any five of the others, is what was asked for
SELECT users.id, orders.id AS id_1 FROM users, orders WHERE users.email = $1 LIMIT $2 <- u7@example.com | 5

# ActiveRecord
SELECT 1 AS one FROM "users" WHERE "users"."email" = $1 LIMIT $2 <- u7@example.com | 1
SELECT "orders".* FROM "orders" WHERE "orders"."user_id" IN ($1, $2, $3) <- 1 | 2 | 3
SELECT "users".* FROM "users" ORDER BY "users"."id" ASC LIMIT $1 <- 1000
SELECT "users".* FROM "users" WHERE "users"."id" > $1 ORDER BY "users"."id" ASC LIMIT $2 <- 1000 | 1000
SELECT COUNT(*) FROM "orders" WHERE "orders"."user_id" = $1 <- 7
SELECT SUM("orders"."total") FROM "orders" WHERE "orders"."user_id" = $1 <- 7
SELECT DISTINCT "users"."id", "users"."email" AS alias_0 FROM "users" LEFT OUTER JOIN "orders" ON "orders"."user_id" = "users"."id" WHERE "users"."email" = $1 ORDER BY "users"."email" ASC LIMIT $2 <- u7@example.com | 20
UPDATE "users" SET "orders_count" = COALESCE("orders_count", 0) + $1 WHERE "users"."id" = $2 <- 1 | 7
SELECT pg_try_advisory_lock(5305127632098551830)
SELECT "schema_migrations"."version" FROM "schema_migrations" ORDER BY "schema_migrations"."version" ASC
SELECT "countries".* FROM "countries"
SELECT a.attname, format_type(a.atttypid, a.atttypmod), pg_get_expr(d.adbin, d.adrelid), a.attnotnull FROM pg_attribute a LEFT JOIN pg_attrdef d ON a.attrelid = d.adrelid AND a.attnum = d.adnum LEFT JOIN pg_type t ON a.atttypid = t.oid WHERE a.attrelid = '"users"'::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
DELETE FROM "items" WHERE "items"."order_id" = $1 <- 900000
INSERT INTO "orders" ("id", "user_id") VALUES ($1, $2), ($3, $4) ON CONFLICT ("id") DO UPDATE SET "user_id"=excluded."user_id" RETURNING "id" <- 900001 | 7 | 900002 | 8
# a queue that takes its next job
SELECT "jobs".* FROM "jobs" WHERE "jobs"."id" IN (WITH "rows" AS MATERIALIZED ( SELECT "jobs"."id", "jobs"."queue" FROM "jobs" WHERE "jobs"."finished_at" IS NULL ORDER BY "jobs"."run_at" ASC LIMIT 5 ) SELECT "rows"."id" FROM "rows" WHERE pg_try_advisory_lock(("rows"."id")::bigint) LIMIT 1) ORDER BY "jobs"."run_at" ASC
UPDATE jobs SET locked_by = $1 WHERE id IN (SELECT id FROM jobs WHERE finished_at IS NULL AND run_at <= now() ORDER BY run_at ASC LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id <- w1
# destroy_all of a scope, by hand
SELECT "orders".* FROM "orders" WHERE "orders"."status" = $1 <- lost => full_scan orders

# Hibernate
select u1_0.id,u1_0.email from users u1_0 where 1=1 and u1_0.email=$1 fetch first $2 rows only <- u7@example.com | 1
select o1_0.id,o1_0.status from orders o1_0 where o1_0.id=$1 for no key update <- 12
select nextval('orders_id_seq')
select u1_0.id,o1_0.user_id,o1_0.id from users u1_0 left join orders o1_0 on u1_0.id=o1_0.user_id where u1_0.id=$1 <- 7
select o1_0.id from orders o1_0 where o1_0.user_id = any ($1) <- {1,2,3}
select count(o1_0.id) from orders o1_0 where o1_0.user_id=$1 <- 7
update orders set status=$1,total=$2 where id=$3 and status=$4 <- paid | 2 | 12 | paid
select o1_0.id from orders o1_0 where o1_0.user_id=$1 order by o1_0.id offset $2 rows fetch first $3 rows only <- 7 | 20 | 10
# a page a long way behind
select o1_0.id from orders o1_0 order by o1_0.id offset $1 rows fetch first $2 rows only <- 15000 | 10 => deep_offset

# TypeORM
SELECT DISTINCT "distinctAlias"."User_id" AS "ids_User_id" FROM (SELECT "User"."id" AS "User_id", "User__orders"."id" AS "User__orders_id" FROM "users" "User" LEFT JOIN "orders" "User__orders" ON "User__orders"."user_id"="User"."id" WHERE ( "User"."email" = $1 )) "distinctAlias" ORDER BY "User_id" ASC LIMIT 1 <- u7@example.com
SELECT "User"."id" AS "User_id", "User__orders"."id" AS "User__orders_id" FROM "users" "User" LEFT JOIN "orders" "User__orders" ON "User__orders"."user_id"="User"."id" WHERE ( ("User"."email" = $1) ) AND ( "User"."id" IN (7) ) <- u7@example.com
SELECT 1 AS "row_exists" FROM (SELECT 1 AS dummy_column) "dummy_table" WHERE EXISTS (SELECT 1 FROM "users" "User" WHERE (("User"."email" = $1))) LIMIT 1 <- u7@example.com
SELECT COUNT(DISTINCT("User"."id")) AS "cnt" FROM "users" "User" LEFT JOIN "orders" "o" ON "o"."user_id"="User"."id" WHERE "User"."email" = $1 <- u7@example.com
SELECT * FROM current_schema()
SELECT "table_schema", "table_name" FROM "information_schema"."tables" WHERE ("table_schema" = 'public' AND "table_name" = 'users')
# .find() with relations and take, over all users, in an order that an index has
SELECT DISTINCT "distinctAlias"."User_id" AS "ids_User_id" FROM (SELECT "User"."id" AS "User_id", "User__orders"."id" AS "User__orders_id" FROM "users" "User" LEFT JOIN "orders" "User__orders" ON "User__orders"."user_id"="User"."id") "distinctAlias" ORDER BY "User_id" ASC LIMIT 10

# Drizzle, Kysely, Knex, Sequelize, Ecto, GORM
select "id", "email", (select coalesce(json_agg(json_build_array("orders"."id")), '[]'::json) as "data" from (select * from "orders" "orders" where "orders"."user_id" = "users"."id" limit $1) "orders") as "orders" from "users" "users" where "users"."id" = $2 limit $3 <- 10 | 7 | 1
SELECT "id", "email" FROM "users" AS "user" WHERE "user"."email" = 'u7@example.com' LIMIT 1
SELECT "user".*, "orders"."id" AS "orders.id" FROM (SELECT "user"."id" FROM "users" AS "user" WHERE "user"."email" = 'u7@example.com' LIMIT 10) AS "user" LEFT OUTER JOIN "orders" AS "orders" ON "user"."id" = "orders"."user_id"
SELECT o0."id", o0."user_id" FROM "orders" AS o0 WHERE (o0."user_id" = ANY($1)) ORDER BY o0."user_id" <- {1,2,3}
SELECT count(*) FROM information_schema.tables WHERE table_schema = CURRENT_SCHEMA() AND table_name = $1 AND table_type = $2 <- users | BASE TABLE
select "users".* from "users" inner join "orders" on "users"."id" = "orders"."user_id" where "orders"."id" = $1 <- 12

# Supabase: storage, auth, realtime
select "name", "id" from "objects" where "name" = $1 and "bucket_id" = $2 limit $3 <- a/7.png | b1 | 1
select "name" from "objects" where "bucket_id" = $1 and "name" COLLATE "C" > $2 order by "name" COLLATE "C" asc limit $3 <- b1 | a/7.png | 10
SELECT sessions.session_key FROM sessions AS sessions WHERE session_key = $1 LIMIT 1 FOR UPDATE SKIP LOCKED <- k5
delete from sessions where session_key = any(select session_key from sessions where expire_date < $1 limit 100 for update skip locked) <- 2020-01-01
select count(*) from pg_publication where pubname = $1 <- supabase_realtime
select exists (select 1 from pg_replication_slots where slot_name = $1) <- realtime

# pgAdmin, DBeaver, Grafana
SELECT 'session_stats' AS chart_name, pg_catalog.row_to_json(t) AS chart_data FROM (SELECT (SELECT count(*) FROM pg_catalog.pg_stat_activity) AS "Total", (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE state = 'active') AS "Active") t
SELECT rel.oid, rel.relname AS name, (SELECT count(*) FROM pg_trigger WHERE tgrelid=rel.oid AND tgisinternal = FALSE) AS triggercount FROM pg_class rel WHERE rel.relkind IN ('r','s','t','p') AND rel.relnamespace = 'public'::regnamespace::oid AND NOT rel.relispartition ORDER BY rel.relname
SELECT x.* FROM public.orders x LIMIT 200
SELECT date_trunc('day', created_at) AS "time", count(*) FROM orders WHERE created_at BETWEEN '2026-01-01T00:00:00Z' AND '2026-01-02T00:00:00Z' GROUP BY 1 ORDER BY 1
SELECT c.relname, a.attname, con.conname FROM pg_constraint con CROSS JOIN LATERAL unnest(con.conkey) k(n) JOIN pg_class c ON c.oid = con.conrelid JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.n

# health, keep-alive, session
SELECT 1
SELECT version()
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
SET statement_timeout = '30s'
SELECT set_config('application_name', $1, false) <- job
SHOW TRANSACTION ISOLATION LEVEL
SELECT now(), txid_current()
SELECT * FROM generate_series(1, 100) g
SELECT x.a, y.b FROM (VALUES (1), (2)) x(a), (VALUES (1), (2)) y(b)
LISTEN jobs
SELECT pg_notify($1, $2) <- jobs | 7
