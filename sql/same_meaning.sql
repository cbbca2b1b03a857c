-- Whether two conditions let the same rows through: policies by name, texts, both parts, one persona after the other.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_same_app;
CREATE ROLE regress_same_staff;
CREATE ROLE regress_same_boss BYPASSRLS;
CREATE SCHEMA same;
GRANT USAGE ON SCHEMA same TO regress_same_app, regress_same_staff;
CREATE FUNCTION same.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE same.member (org int NOT NULL, who uuid NOT NULL, role text NOT NULL, PRIMARY KEY (org, who));
GRANT SELECT ON same.member TO regress_same_app, regress_same_staff;
CREATE TABLE same.note (id int PRIMARY KEY, org int NOT NULL, owner uuid, kind text NOT NULL CHECK (kind IN ('open', 'shut')), shared boolean);
ALTER TABLE same.note ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION same.is_member(o int) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM same.member m WHERE m.org = o AND m.who = same.uid()) $$;
CREATE FUNCTION same.as_root() RETURNS text LANGUAGE sql STABLE SET same.who = 'root' AS $$ SELECT current_setting('same.who', true) $$;
CREATE POLICY plain ON same.note USING (owner = same.uid());
CREATE POLICY again ON same.note USING (owner = (SELECT same.uid()));
CREATE POLICY "or NULL" ON same.note USING (owner = same.uid() OR owner IS NULL);
CREATE POLICY reading ON same.note FOR SELECT USING (owner = same.uid());
CREATE POLICY keeping ON same.note AS RESTRICTIVE USING (owner = same.uid());
CREATE POLICY staff ON same.note TO regress_same_staff USING (owner = same.uid());
CREATE POLICY putting ON same.note FOR INSERT WITH CHECK (owner = same.uid());
CREATE POLICY lopsided ON same.note FOR UPDATE USING (owner = same.uid()) WITH CHECK (true);
SELECT rlsproof.persona('regress_ann', 'regress_same_app', '{"sub": "a0000000-0000-4000-8000-000000000001", "role": "app"}');
SELECT rlsproof.persona('regress_sam', 'regress_same_staff', '{"sub": "a0000000-0000-4000-8000-000000000002"}');
SELECT rlsproof.persona('regress_boss', 'regress_same_boss');
CREATE FUNCTION same.compared(one text, other text, who text DEFAULT 'regress_ann') RETURNS TABLE (persona text, part text, verdict text, reason text)
    LANGUAGE sql AS $$ SELECT s.persona, s.part, s.verdict, s.reason FROM rlsproof.same_meaning('same.note', one, other, who) s $$;

-- Two policies.
SELECT * FROM same.compared('plain', 'again');
SELECT * FROM same.compared('plain', 'or NULL');
SELECT * FROM same.compared('or NULL', 'plain');
SELECT * FROM same.compared('plain', 'plain');
-- What they are for, and for whom.
SELECT * FROM same.compared('plain', 'reading');
SELECT * FROM same.compared('plain', 'keeping');
SELECT * FROM same.compared('plain', 'putting');
SELECT * FROM same.compared('reading', 'putting');
SELECT * FROM same.compared('plain', 'lopsided');
SELECT * FROM same.compared('plain', 'staff', NULL) WHERE persona LIKE 'regress%';
SELECT * FROM same.compared('staff', 'staff', NULL) WHERE persona LIKE 'regress%';

-- A policy and a text, NULL and false alike.
SELECT * FROM same.compared('plain', 'CASE WHEN owner = same.uid() THEN true ELSE false END');
SELECT * FROM same.compared('plain', 'NOT owner <> same.uid()');
SELECT * FROM same.compared('plain', 'owner IS NOT DISTINCT FROM same.uid()');
SELECT * FROM same.compared('shared', 'coalesce(shared, false)');
SELECT * FROM same.compared('NOT shared', 'shared IS NOT TRUE');
SELECT * FROM same.compared('kind = ''open''', 'kind <> ''shut''');
-- Whoever has these claims need not be the one who asks.
SELECT * FROM same.compared('plain', 'owner = ''a0000000-0000-4000-8000-000000000001''');
SELECT * FROM same.compared('true', 'current_setting(''request.jwt.claims'', true)::jsonb ->> ''role'' = ''app''');
SELECT * FROM same.compared('same.as_root() = ''x''', 'current_setting(''same.who'', true) = ''x''');
SELECT * FROM same.compared('same.as_root() = ''root''', 'true');

-- Sub-selects and helpers.
SELECT * FROM same.compared('same.is_member(org)', 'org IN (SELECT m.org FROM same.member m WHERE m.who = same.uid())');
SELECT * FROM same.compared('EXISTS (SELECT FROM same.member m WHERE m.org = note.org AND m.who = same.uid())', 'org IN (SELECT m.org FROM same.member m WHERE m.who = same.uid())');
SELECT * FROM same.compared('EXISTS (SELECT FROM same.member m WHERE m.org = note.org AND m.who = same.uid())', 'EXISTS (SELECT FROM same.member m WHERE m.org = note.org)');
SELECT * FROM same.compared('org NOT IN (SELECT m.org FROM same.member m)', 'NOT EXISTS (SELECT FROM same.member m WHERE m.org = note.org)');
SELECT * FROM same.compared('(SELECT m.role FROM same.member m WHERE m.org = note.org AND m.who = same.uid()) = ''admin''', 'EXISTS (SELECT FROM same.member m WHERE m.org = note.org AND m.who = same.uid() AND m.role = ''admin'')');
-- Who looks past the policies of the other table sees more of it.
ALTER TABLE same.member ENABLE ROW LEVEL SECURITY;
CREATE POLICY mine ON same.member TO regress_same_app USING (who = same.uid() AND role = 'admin');
SELECT * FROM same.compared('same.is_member(org)', 'org IN (SELECT m.org FROM same.member m WHERE m.who = same.uid())');
SELECT * FROM same.compared('same.is_member(org)', 'org IN (SELECT m.org FROM same.member m WHERE m.who = same.uid())', 'regress_sam');
SELECT * FROM same.compared('EXISTS (SELECT FROM same.member m WHERE m.org = note.org)', 'EXISTS (SELECT FROM same.member m WHERE m.org = note.org AND m.who = same.uid() AND m.role = ''admin'')');

-- What is not followed is unknown, but for an expression that is the same.
SELECT * FROM same.compared('kind LIKE ''o%''', 'kind LIKE ''o%''');
SELECT part, verdict = 'proved' AS proved FROM same.compared('random() < 0.5', 'random() < 0.5');
SELECT * FROM same.compared('kind LIKE ''o%''', 'kind LIKE ''op%'' OR kind LIKE ''o%''') ;

-- A witness can be pasted into psql.
SELECT witness ->> 'script' FROM rlsproof.same_meaning('same.note', 'plain', 'or NULL', 'regress_ann') WHERE part = 'USING';
SELECT witness ->> 'script' AS script FROM rlsproof.same_meaning('same.note', 'plain', 'or NULL', 'regress_ann') WHERE part = 'WITH CHECK' \gset
:script

-- What makes no sense says so.
\set SHOW_CONTEXT never
SELECT * FROM same.compared('plane', 'plain');
SELECT * FROM same.compared('plain', 'owner');
SELECT * FROM same.compared('plain', 'true) LIMIT (0');
SELECT * FROM same.compared('plain', 'true); DROP TABLE same.note; SELECT (true');
SELECT * FROM rlsproof.same_meaning('same.nothing', 'true', 'true');
SELECT * FROM rlsproof.same_meaning(NULL, 'true', 'true');
SELECT * FROM rlsproof.same_meaning('same.note', 'true', NULL);
SELECT * FROM rlsproof.same_meaning('same.note', 'true', 'true', 'nobody at all');
SET rlsproof.solver = 'no-such-solver';
SELECT * FROM same.compared('plain', 'again');
RESET rlsproof.solver;

-- Nothing is left.
SELECT (SELECT count(*) FROM same.note) + (SELECT count(*) FROM same.member) AS rows, current_setting('session_replication_role'), current_user = session_user;
DELETE FROM rlsproof.personas;
DROP SCHEMA same CASCADE;
DROP OWNED BY regress_same_app, regress_same_staff, regress_same_boss;
DROP ROLE regress_same_app, regress_same_staff, regress_same_boss;
