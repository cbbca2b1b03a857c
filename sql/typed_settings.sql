-- What an application says of a session as something else than a text: a value of that type is said, and where that
-- still does not fit, its failure is not blamed on the policy.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE app_user;
CREATE SCHEMA typed;
GRANT USAGE ON SCHEMA typed TO app_user;
SET search_path = typed;
CREATE TYPE standing AS ENUM ('boss', 'clerk', 'worker');
CREATE TABLE people (id uuid PRIMARY KEY, standing standing NOT NULL DEFAULT 'clerk');
CREATE FUNCTION my_standing() RETURNS standing LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.standing', true), '')::typed.standing $$;
-- Of what somebody is by itself nobody is kept out; of what he has to be made he is.
CREATE TABLE for_clerks (id int PRIMARY KEY, owner uuid NOT NULL REFERENCES people, body text);
CREATE POLICY p ON for_clerks FOR SELECT USING (my_standing() IN ('boss', 'clerk'));
CREATE TABLE for_bosses (id int PRIMARY KEY, owner uuid NOT NULL REFERENCES people, body text);
CREATE POLICY p ON for_bosses FOR SELECT USING (my_standing() = 'boss');
CREATE TABLE several (id int PRIMARY KEY, tenant uuid NOT NULL, body text);
CREATE POLICY p ON several FOR SELECT
    USING (tenant = ANY (current_setting('app.tenants')::uuid[]) AND current_setting('app.day')::date > '2000-01-01');
CREATE TABLE shaped (id int PRIMARY KEY, owner uuid NOT NULL REFERENCES people, body text);
CREATE POLICY p ON shaped FOR SELECT USING (current_setting('app.network')::cidr >> '10.0.0.1');
ALTER TABLE for_clerks ENABLE ROW LEVEL SECURITY;
ALTER TABLE for_bosses ENABLE ROW LEVEL SECURITY;
ALTER TABLE several ENABLE ROW LEVEL SECURITY;
ALTER TABLE shaped ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON for_clerks, for_bosses, several, shaped TO app_user;
-- Lists of numbers: a text that is split, in a helper too, an array, and a text whose parts are cast where nobody follows them.
CREATE FUNCTION my_rooms() RETURNS bigint[] LANGUAGE sql STABLE AS $$ SELECT string_to_array(current_setting('app.rooms', true), ',')::bigint[] $$;
CREATE TABLE lists (id int PRIMARY KEY, space int NOT NULL, body text);
CREATE POLICY p ON lists FOR SELECT USING (space = ANY (regexp_split_to_array(nullif(current_setting('app.spaces', true), ''), ',')::integer[]));
CREATE TABLE list_by_helper (id int PRIMARY KEY, room bigint NOT NULL, body text);
CREATE POLICY p ON list_by_helper FOR SELECT USING (room = ANY (my_rooms()));
CREATE TABLE list_of_ids (id int PRIMARY KEY, team uuid NOT NULL, body text);
CREATE POLICY p ON list_of_ids FOR SELECT USING (team IN (SELECT unnest(string_to_array(current_setting('app.teams', true), ',')::uuid[])));
CREATE TABLE list_as_array (id int PRIMARY KEY, shop int NOT NULL, body text);
CREATE POLICY p ON list_as_array FOR SELECT USING (shop = ANY (current_setting('app.shops', true)::int[]));
CREATE TABLE list_of_parts (id int PRIMARY KEY, desk int NOT NULL, body text);
CREATE POLICY p ON list_of_parts FOR SELECT USING (desk IN (SELECT x::int FROM string_to_table(current_setting('app.desks', true), ',') x));
ALTER TABLE lists ENABLE ROW LEVEL SECURITY;
ALTER TABLE list_by_helper ENABLE ROW LEVEL SECURITY;
ALTER TABLE list_of_ids ENABLE ROW LEVEL SECURITY;
ALTER TABLE list_as_array ENABLE ROW LEVEL SECURITY;
ALTER TABLE list_of_parts ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON lists, list_by_helper, list_of_ids, list_as_array, list_of_parts TO app_user;
RESET search_path;
SELECT object, verdict, evidence, reason FROM rlsproof.verify('outsider') WHERE object LIKE 'typed.%' AND command = 'SELECT' AND evidence <> 'privilege' ORDER BY object;
SELECT rule, level, object FROM rlsproof.audit() WHERE object LIKE 'typed.%' ORDER BY object;
-- What was declared is meant: that it does not fit is an error.
SELECT rlsproof.persona('office', 'app_user', settings => '{"app.network": "everywhere", "app.standing": "worker"}');
SELECT object, verdict, reason FROM rlsproof.verify('office', 'typed.shaped', 'SELECT');
DELETE FROM rlsproof.personas;
DROP SCHEMA typed CASCADE;
DROP ROLE app_user;
