-- Privileges column by column, as careful schemas have them: who puts rows in gives what it may and gets the defaults for the
-- rest, whether that is told as a mistake or as none.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE regress_given_app;
CREATE SCHEMA given_it;
GRANT USAGE ON SCHEMA given_it TO regress_given_app;
CREATE FUNCTION given_it.uid() RETURNS uuid LANGUAGE sql STABLE AS $$ SELECT nullif(current_setting('app.user_id', true), '')::uuid $$;
CREATE TABLE given_it.profiles (id uuid PRIMARY KEY);
CREATE TABLE given_it.rooms (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL,
    created_by uuid NOT NULL DEFAULT given_it.uid() REFERENCES given_it.profiles);
CREATE TABLE given_it.members (room_id uuid REFERENCES given_it.rooms, user_id uuid DEFAULT given_it.uid() REFERENCES given_it.profiles,
    is_moderator boolean NOT NULL DEFAULT false, muted boolean NOT NULL DEFAULT false, PRIMARY KEY (room_id, user_id));
CREATE TABLE given_it.messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), room_id uuid NOT NULL REFERENCES given_it.rooms,
    sender_id uuid NOT NULL DEFAULT given_it.uid() REFERENCES given_it.profiles, body text NOT NULL);
CREATE FUNCTION given_it.is_member(room uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM given_it.members m WHERE m.room_id = room AND m.user_id = given_it.uid()) $$;
CREATE FUNCTION given_it.is_moderator(room uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM given_it.members m WHERE m.room_id = room AND m.user_id = given_it.uid() AND m.is_moderator) $$;
CREATE FUNCTION given_it.may_post(room uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM given_it.members m WHERE m.room_id = room AND m.user_id = given_it.uid() AND NOT m.muted) $$;
ALTER TABLE given_it.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE given_it.rooms ENABLE ROW LEVEL SECURITY;
ALTER TABLE given_it.members ENABLE ROW LEVEL SECURITY;
ALTER TABLE given_it.messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON given_it.profiles USING (id = given_it.uid());
CREATE POLICY see ON given_it.rooms FOR SELECT USING (given_it.is_member(id) OR created_by = given_it.uid());
CREATE POLICY open ON given_it.rooms FOR INSERT WITH CHECK (created_by = given_it.uid());
CREATE POLICY see ON given_it.members FOR SELECT USING (given_it.is_member(room_id));
CREATE POLICY add ON given_it.members FOR INSERT WITH CHECK (given_it.is_moderator(room_id));
CREATE POLICY moderate ON given_it.members FOR UPDATE USING (given_it.is_moderator(room_id));
CREATE POLICY see ON given_it.messages FOR SELECT USING (given_it.is_member(room_id));
CREATE POLICY post ON given_it.messages FOR INSERT WITH CHECK (sender_id = given_it.uid() AND given_it.may_post(room_id));
GRANT SELECT ON ALL TABLES IN SCHEMA given_it TO regress_given_app;
GRANT INSERT (name) ON given_it.rooms TO regress_given_app;
GRANT INSERT (room_id, user_id), UPDATE (is_moderator, muted) ON given_it.members TO regress_given_app;
GRANT INSERT (room_id, body) ON given_it.messages TO regress_given_app;
-- Whoever opens a room is named in it by the default: nothing is wrong here.
SELECT persona, object, command, verdict, reason FROM rlsproof.verify() WHERE object LIKE 'given_it.%' AND verdict <> 'ok';
SELECT persona, command, verdict, evidence FROM rlsproof.verify('outsider', 'given_it.rooms', 'insert');
-- Anybody joins any room, with the two columns that may be given.
ALTER POLICY add ON given_it.members WITH CHECK (user_id = given_it.uid());
SELECT object, message FROM rlsproof.audit() WHERE object LIKE 'given_it.%' AND rule = 'writable_authority';
ALTER POLICY add ON given_it.members WITH CHECK (given_it.is_moderator(room_id));
-- A member makes itself a moderator.
ALTER POLICY moderate ON given_it.members USING (given_it.is_moderator(room_id) OR user_id = given_it.uid());
SELECT object, message FROM rlsproof.audit() WHERE object LIKE 'given_it.%' AND rule = 'self_promotion';
ALTER POLICY moderate ON given_it.members USING (given_it.is_moderator(room_id));
-- Whoever writes to any room names itself, and the room is somebody else's: told once, and no contradiction to the proof.
ALTER POLICY post ON given_it.messages WITH CHECK (sender_id = given_it.uid());
SELECT persona, verdict, reason FROM rlsproof.verify(NULL, 'given_it.messages', 'insert') WHERE verdict <> 'ok';
SELECT count(*) FROM rlsproof.audit() WHERE message LIKE '%contradict%';
ALTER POLICY post ON given_it.messages WITH CHECK (sender_id = given_it.uid() AND given_it.may_post(room_id));
-- Who opened a shop says what its people are; a clerk who says so of himself is another matter.
CREATE TABLE given_it.shops (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner_id uuid NOT NULL REFERENCES given_it.profiles);
CREATE TABLE given_it.staff (shop_id uuid REFERENCES given_it.shops, user_id uuid REFERENCES given_it.profiles,
    role text NOT NULL DEFAULT 'clerk' CHECK (role IN ('clerk', 'manager')), PRIMARY KEY (shop_id, user_id));
CREATE TABLE given_it.payouts (id uuid PRIMARY KEY, shop_id uuid NOT NULL REFERENCES given_it.shops);
CREATE FUNCTION given_it.runs(shop uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM given_it.shops s WHERE s.id = shop AND s.owner_id = given_it.uid())
              OR EXISTS (SELECT FROM given_it.staff m WHERE m.shop_id = shop AND m.user_id = given_it.uid() AND m.role = 'manager') $$;
CREATE FUNCTION given_it.owns(shop uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM given_it.shops s WHERE s.id = shop AND s.owner_id = given_it.uid()) $$;
ALTER TABLE given_it.shops ENABLE ROW LEVEL SECURITY;
ALTER TABLE given_it.staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE given_it.payouts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON given_it.shops FOR SELECT USING (owner_id = given_it.uid());
CREATE POLICY see ON given_it.staff FOR SELECT USING (user_id = given_it.uid() OR given_it.runs(shop_id));
CREATE POLICY change ON given_it.staff FOR UPDATE USING (given_it.owns(shop_id));
CREATE POLICY see ON given_it.payouts FOR SELECT USING (given_it.runs(shop_id));
GRANT SELECT ON given_it.shops, given_it.staff, given_it.payouts TO regress_given_app;
GRANT UPDATE (role) ON given_it.staff TO regress_given_app;
SELECT object, message FROM rlsproof.audit() WHERE object LIKE 'given_it.%' AND level = 'error';
ALTER POLICY change ON given_it.staff USING (given_it.owns(shop_id) OR user_id = given_it.uid());
SELECT object, message FROM rlsproof.audit() WHERE object LIKE 'given_it.%' AND level = 'error';
-- A number that nobody may choose comes from a sequence, and no rollback gives it back: such a row is not put in.
CREATE TABLE given_it.numbered (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL DEFAULT given_it.uid(), room uuid);
CREATE TABLE given_it.unlocked (id int PRIMARY KEY, room uuid);
ALTER TABLE given_it.numbered ENABLE ROW LEVEL SECURITY;
ALTER TABLE given_it.unlocked ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON given_it.numbered USING (user_id = given_it.uid());
CREATE POLICY ours ON given_it.unlocked FOR SELECT USING (room IN (SELECT n.room FROM given_it.numbered n WHERE n.user_id = given_it.uid()));
GRANT SELECT, INSERT (room) ON given_it.numbered TO regress_given_app;
GRANT SELECT ON given_it.unlocked TO regress_given_app;
SELECT persona, verdict, reason FROM rlsproof.verify(NULL, 'given_it.numbered', 'insert') WHERE verdict <> 'ok';
SELECT count(*) FROM rlsproof.escalation('newcomer');
SELECT is_called FROM given_it.numbered_id_seq;
-- What a column is by default, where nobody may say anything else: whoever puts the row in, or somebody else.
CREATE TABLE given_it.mine_by_default (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL DEFAULT given_it.uid(), body text);
CREATE TABLE given_it.his_by_default (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    who uuid NOT NULL DEFAULT 'c0ffee00-0000-4000-8000-000000000001', body text);
ALTER TABLE given_it.mine_by_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE given_it.his_by_default ENABLE ROW LEVEL SECURITY;
CREATE POLICY put_in ON given_it.mine_by_default FOR INSERT WITH CHECK (true);
CREATE POLICY own ON given_it.mine_by_default FOR SELECT USING (who = given_it.uid());
CREATE POLICY put_in ON given_it.his_by_default FOR INSERT WITH CHECK (true);
CREATE POLICY own ON given_it.his_by_default FOR SELECT USING (who = given_it.uid());
GRANT SELECT, INSERT (body) ON given_it.mine_by_default, given_it.his_by_default TO regress_given_app;
SELECT object, persona, verdict, evidence, reason FROM rlsproof.verify() WHERE object LIKE '%by_default' AND command = 'INSERT' AND persona IN ('outsider', 'newcomer');
DROP SCHEMA given_it CASCADE;
DROP ROLE regress_given_app;
