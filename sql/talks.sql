-- What whoever takes part in a talk may do to what the others have said in it: rewrite it, or say something in their name.
-- Not where columns, a trigger or the policy leave no more than marking it as read.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA auth, t TO anon, authenticated;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE auth.users (id uuid PRIMARY KEY);
CREATE TABLE t.conversations (id uuid PRIMARY KEY DEFAULT gen_random_uuid());
CREATE TABLE t.participants (conversation_id uuid REFERENCES t.conversations, user_id uuid REFERENCES auth.users, PRIMARY KEY (conversation_id, user_id));
CREATE TABLE t.deals (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), buyer_id uuid NOT NULL REFERENCES auth.users, seller_id uuid NOT NULL REFERENCES auth.users);
CREATE FUNCTION t.takes_part(c uuid) RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM t.participants p WHERE p.conversation_id = c AND p.user_id = auth.uid()) $$;
ALTER TABLE t.conversations ENABLE ROW LEVEL SECURITY;
ALTER TABLE t.participants ENABLE ROW LEVEL SECURITY;
ALTER TABLE t.deals ENABLE ROW LEVEL SECURITY;
CREATE POLICY those_in_it ON t.conversations FOR SELECT USING (t.takes_part(id));
CREATE POLICY those_in_it ON t.participants FOR SELECT USING (t.takes_part(conversation_id));
CREATE POLICY those_in_it ON t.deals FOR SELECT USING (auth.uid() IN (buyer_id, seller_id));
GRANT SELECT ON t.conversations, t.participants, t.deals TO authenticated;
-- Messages that those may read for whom that holds; who may add and change some is said besides.
CREATE PROCEDURE t.messages(name text, talk text, who text, adds text, changes text) LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE t.%1$s_messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), %2$s, sender_id uuid NOT NULL REFERENCES auth.users,
            content text NOT NULL, is_read boolean NOT NULL DEFAULT false);
        ALTER TABLE t.%1$s_messages ENABLE ROW LEVEL SECURITY;
        CREATE POLICY reads ON t.%1$s_messages FOR SELECT USING (%3$s);
        CREATE POLICY adds ON t.%1$s_messages FOR INSERT WITH CHECK (%4$s);
        CREATE POLICY changes ON t.%1$s_messages FOR UPDATE USING (%5$s);
        GRANT SELECT, INSERT, UPDATE ON t.%1$s_messages TO authenticated', name, talk, who, adds, changes);
END $$;
\set talk '''conversation_id uuid NOT NULL REFERENCES t.conversations'', ''t.takes_part(conversation_id)'''
CALL t.messages('forged', :talk, 't.takes_part(conversation_id)', 'sender_id = auth.uid()');
CALL t.messages('rewritten', :talk, 'sender_id = auth.uid() AND t.takes_part(conversation_id)', 't.takes_part(conversation_id)');
CALL t.messages('both', :talk, 't.takes_part(conversation_id)', 't.takes_part(conversation_id)');
CALL t.messages('kept', :talk, 'sender_id = auth.uid() AND t.takes_part(conversation_id)', 'sender_id = auth.uid()');
CALL t.messages('granted', :talk, 'sender_id = auth.uid() AND t.takes_part(conversation_id)', 't.takes_part(conversation_id)');
REVOKE UPDATE ON t.granted_messages FROM authenticated;
GRANT UPDATE (is_read) ON t.granted_messages TO authenticated;
CALL t.messages('guarded', :talk, 'sender_id = auth.uid() AND t.takes_part(conversation_id)', 't.takes_part(conversation_id)');
CREATE FUNCTION t.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.content IS DISTINCT FROM OLD.content THEN RAISE EXCEPTION 'only is_read may be changed'; END IF; RETURN NEW;
END $$;
CREATE TRIGGER keep BEFORE UPDATE ON t.guarded_messages FOR EACH ROW EXECUTE FUNCTION t.keep();
-- A talk of two that names them itself; messages that do.
\set deal '''deal_id uuid NOT NULL REFERENCES t.deals'', ''EXISTS (SELECT FROM t.deals d WHERE d.id = deal_id AND auth.uid() IN (d.buyer_id, d.seller_id))'''
\set in_deal '''EXISTS (SELECT FROM t.deals d WHERE d.id = deal_id AND auth.uid() IN (d.buyer_id, d.seller_id))'''
CALL t.messages('deal_both', :deal, :in_deal, :in_deal);
CALL t.messages('deal_kept', :deal, 'sender_id = auth.uid()', 'sender_id = auth.uid()');
\set direct '''receiver_id uuid NOT NULL REFERENCES auth.users'', ''auth.uid() IN (sender_id, receiver_id)'''
-- Whom a message is for may say that he has read it, and the privilege is not held at that column: silent, as that is how it is done.
CALL t.messages('direct_rewritten', :direct, 'sender_id = auth.uid()', 'receiver_id = auth.uid()');
CALL t.messages('direct_forged', :direct, 'auth.uid() IN (sender_id, receiver_id)', 'sender_id = auth.uid()');
CALL t.messages('direct_kept', :direct, 'sender_id = auth.uid()', 'sender_id = auth.uid()');
SELECT level, message FROM rlsproof.audit() WHERE object ~ '_messages$' AND rule <> 'truncate_granted' ORDER BY object COLLATE "C";
-- By hand: one who takes part, and a message of another one.
INSERT INTO auth.users VALUES ('00000000-0000-4000-8000-000000000001'), ('00000000-0000-4000-8000-000000000002');
INSERT INTO t.conversations VALUES ('00000000-0000-4000-8000-00000000000c');
INSERT INTO t.participants SELECT '00000000-0000-4000-8000-00000000000c', id FROM auth.users;
INSERT INTO t.both_messages (conversation_id, sender_id, content) VALUES ('00000000-0000-4000-8000-00000000000c', '00000000-0000-4000-8000-000000000002', 'no');
INSERT INTO t.kept_messages (conversation_id, sender_id, content) VALUES ('00000000-0000-4000-8000-00000000000c', '00000000-0000-4000-8000-000000000002', 'no');
SET request.jwt.claims = '{"sub": "00000000-0000-4000-8000-000000000001"}';
SET ROLE authenticated;
UPDATE t.both_messages SET content = 'yes' RETURNING sender_id <> auth.uid() AS of_another, content;
INSERT INTO t.both_messages (conversation_id, sender_id, content) VALUES ('00000000-0000-4000-8000-00000000000c', '00000000-0000-4000-8000-000000000002', 'I said so')
RETURNING sender_id <> auth.uid() AS of_another, content;
UPDATE t.kept_messages SET content = 'yes' RETURNING content;
RESET ROLE;
DROP SCHEMA t, auth CASCADE;
DROP ROLE anon, authenticated;
