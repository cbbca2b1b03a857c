-- An application that says by a setting whose session it is. Before it has said so, after it forgot, and after the
-- transaction that had made the setting, a session is nobody's: what is open then is open.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE app_user;
CREATE SCHEMA pool;
GRANT USAGE ON SCHEMA pool TO app_user;
SET search_path = pool;
-- Open where nobody has said a tenant: where it was never set, where it is empty, or both.
CREATE TABLE unset (id int PRIMARY KEY, tenant text NOT NULL, body text);
CREATE POLICY p ON unset USING (current_setting('app.tenant', true) IS NULL OR tenant = current_setting('app.tenant', true));
CREATE TABLE emptied (id int PRIMARY KEY, tenant text NOT NULL, body text);
CREATE POLICY p ON emptied USING (current_setting('app.tenant', true) = '' OR tenant = current_setting('app.tenant', true));
CREATE TABLE fallback (id int PRIMARY KEY, tenant text NOT NULL, body text);
CREATE POLICY p ON fallback FOR SELECT USING (tenant = coalesce(nullif(current_setting('app.tenant', true), ''), tenant));
-- Closed: nothing is equal to what nobody has said, and a statement that fails reaches nothing.
CREATE TABLE compared (id int PRIMARY KEY, tenant text NOT NULL, body text);
CREATE POLICY p ON compared USING (tenant = current_setting('app.tenant', true));
CREATE TABLE cast_too (id int PRIMARY KEY, tenant int NOT NULL, body text);
CREATE POLICY p ON cast_too USING (tenant = current_setting('app.number', true)::int);
CREATE TABLE insists (id int PRIMARY KEY, tenant text NOT NULL, body text);
CREATE POLICY p ON insists USING (tenant = current_setting('app.tenant'));
-- What nothing is made of reaches nothing, whatever the policy lets through.
CREATE TABLE kept (id int PRIMARY KEY, tenant text NOT NULL, body text);
CREATE POLICY p ON kept FOR DELETE USING (current_setting('app.tenant', true) IS NULL);
CREATE RULE no_delete AS ON DELETE TO kept DO INSTEAD NOTHING;
ALTER TABLE kept ENABLE ROW LEVEL SECURITY;
ALTER TABLE unset ENABLE ROW LEVEL SECURITY;
ALTER TABLE emptied ENABLE ROW LEVEL SECURITY;
ALTER TABLE fallback ENABLE ROW LEVEL SECURITY;
ALTER TABLE compared ENABLE ROW LEVEL SECURITY;
ALTER TABLE cast_too ENABLE ROW LEVEL SECURITY;
ALTER TABLE insists ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA pool TO app_user;
RESET search_path;
SELECT object, command, verdict, evidence, reason FROM rlsproof.verify('outsider') WHERE verdict <> 'ok' ORDER BY object, command;
SELECT rule, level, object, message FROM rlsproof.audit() WHERE object LIKE 'pool.%' ORDER BY object;
-- Where everything was declared it is what is missed that counts; where nothing was, it is more than that.
SELECT rlsproof.expect('outsider', 'pool.unset', 'SELECT', 'all'), rlsproof.expect('outsider', 'pool.unset', 'DELETE', 'none');
SELECT command, verdict FROM rlsproof.verify('outsider', 'pool.unset') WHERE command IN ('SELECT', 'DELETE');
DELETE FROM rlsproof.expectations;
-- With a visitor of an API it is the visitor who has said nothing.
CREATE ROLE anon;
GRANT USAGE ON SCHEMA pool TO anon;
GRANT SELECT ON pool.fallback TO anon;
SELECT persona, verdict FROM rlsproof.verify(only_object => 'pool.fallback') WHERE command = 'SELECT';
DROP SCHEMA pool CASCADE;
DROP ROLE app_user, anon;
