-- Things of one's own that somebody else decides about: that an order is paid, a listing approved, a booking confirmed.
-- Whoever may say so himself is told of; whoever ticks off, pays or publishes what is his own business is not.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA auth;
CREATE SCHEMA d;
GRANT USAGE ON SCHEMA auth, d TO anon, authenticated;
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE TABLE auth.users (id uuid PRIMARY KEY);
CREATE TABLE d.profiles (id uuid PRIMARY KEY REFERENCES auth.users, role text NOT NULL DEFAULT 'user');
CREATE FUNCTION d.is_admin() RETURNS boolean LANGUAGE sql STABLE SECURITY DEFINER SET search_path = ''
    AS $$ SELECT EXISTS (SELECT FROM d.profiles WHERE id = auth.uid() AND role = 'admin') $$;
CREATE TABLE d.courses (id int PRIMARY KEY, title text);
CREATE TYPE d.checked AS ENUM ('pending', 'approved', 'rejected');
-- A table of things of one's own, of which one may do what one likes.
CREATE PROCEDURE d.things(name text, columns text, person text DEFAULT 'user_id') LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TABLE d.%1$I (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), %2$s uuid NOT NULL REFERENCES auth.users, %3$s);
        ALTER TABLE d.%1$I ENABLE ROW LEVEL SECURITY;
        CREATE POLICY own ON d.%1$I USING (%2$s = auth.uid()) WITH CHECK (%2$s = auth.uid());
        GRANT SELECT, INSERT, UPDATE ON d.%1$I TO authenticated', name, person, columns);
END $$;
CALL d.things('orders', $$total numeric DEFAULT 0, status text NOT NULL DEFAULT 'pending'$$);
CALL d.things('enrollments', $$course_id int REFERENCES d.courses, payment_status text DEFAULT 'pending' CHECK (payment_status IN ('pending', 'paid', 'failed'))$$);
CALL d.things('bank_details', $$iban text, is_verified boolean DEFAULT false$$);
CALL d.things('documents', $$path text, kyc_status d.checked NOT NULL DEFAULT 'pending'$$);
CALL d.things('subscriptions', $$plan text NOT NULL DEFAULT 'free', status text NOT NULL DEFAULT 'inactive'$$);
CALL d.things('listings', $$status text DEFAULT 'draft' CHECK (status IN ('draft', 'pending', 'approved', 'sold')), is_featured boolean DEFAULT false$$);
CALL d.things('bookings', $$course_id int NOT NULL REFERENCES d.courses, guest_count int, status text DEFAULT 'pending' CHECK (status IN ('pending', 'confirmed', 'cancelled'))$$);
CALL d.things('shops', $$commission_rate numeric NOT NULL DEFAULT 10 CHECK (commission_rate BETWEEN 0 AND 30)$$, 'owner_id');
CALL d.things('withdrawals', $$amount numeric, status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'completed'))$$);
CALL d.things('leave_requests', $$approved_by uuid REFERENCES auth.users, status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved'))$$);
CREATE POLICY shown ON d.listings FOR SELECT USING (status = 'approved');
CREATE POLICY admins ON d.leave_requests USING (d.is_admin());
-- One each, and an admin who lets it in; by INSERT as well while there is none.
CREATE TABLE d.vendors (user_id uuid PRIMARY KEY REFERENCES auth.users, status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved')), is_approved boolean DEFAULT false);
CREATE TABLE d.trips (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), guest_id uuid NOT NULL REFERENCES auth.users, host_id uuid NOT NULL REFERENCES auth.users,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted')), payment_status text NOT NULL DEFAULT 'unpaid');
ALTER TABLE d.vendors ENABLE ROW LEVEL SECURITY;
ALTER TABLE d.trips ENABLE ROW LEVEL SECURITY;
ALTER TABLE d.profiles ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON d.profiles FOR SELECT USING (id = auth.uid());
CREATE POLICY own ON d.vendors FOR INSERT WITH CHECK (user_id = auth.uid());
CREATE POLICY seen ON d.vendors FOR SELECT USING (user_id = auth.uid() OR d.is_admin());
CREATE POLICY of_two ON d.trips FOR SELECT USING (auth.uid() IN (guest_id, host_id));
CREATE POLICY of_two_too ON d.trips FOR UPDATE USING (auth.uid() IN (guest_id, host_id));
GRANT SELECT ON d.profiles, d.courses TO authenticated;
GRANT SELECT, INSERT ON d.vendors TO authenticated;
GRANT SELECT, UPDATE ON d.trips TO authenticated;
-- What is one's own to say.
CALL d.things('todos', $$title text, status text DEFAULT 'pending' CHECK (status IN ('pending', 'in_progress', 'completed', 'done')), is_verified boolean DEFAULT false$$);
CALL d.things('posts', $$body text, status text DEFAULT 'draft' CHECK (status IN ('draft', 'published')), is_featured boolean DEFAULT false$$, 'author_id');
CREATE POLICY shown ON d.posts FOR SELECT USING (status = 'published');
CALL d.things('notifications', $$is_read boolean DEFAULT false$$);
CALL d.things('bills', $$payee text, status text DEFAULT 'unpaid' CHECK (status IN ('unpaid', 'paid')), is_paid boolean DEFAULT false$$);
CALL d.things('invoices', $$client_name text, status text DEFAULT 'draft' CHECK (status IN ('draft', 'sent', 'paid'))$$);
CALL d.things('sales_orders', $$customer_name text, status text DEFAULT 'pending' CHECK (status IN ('pending', 'paid'))$$);
CALL d.things('my_subscriptions', $$name text, price numeric, status text DEFAULT 'inactive'$$);
CALL d.things('testimonials', $$author_name text, is_approved boolean DEFAULT false$$);
CREATE POLICY shown ON d.testimonials FOR SELECT USING (is_approved);
CALL d.things('tickets', $$subject text, status text DEFAULT 'new'$$);
CREATE POLICY admins ON d.tickets USING (d.is_admin());
-- A host takes bookings for what is his, and a client approves what was made for him.
CREATE TABLE d.proposals (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), freelancer_id uuid NOT NULL REFERENCES auth.users, client_id uuid NOT NULL REFERENCES auth.users,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'approved')));
ALTER TABLE d.proposals ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_two ON d.proposals FOR SELECT USING (auth.uid() IN (freelancer_id, client_id) OR d.is_admin());
CREATE POLICY client ON d.proposals FOR UPDATE USING (client_id = auth.uid());
GRANT SELECT, UPDATE ON d.proposals TO authenticated;
-- Whoever asks to be connected says yes himself; and where the one who is asked does.
CREATE TABLE d.connections (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), requester_id uuid NOT NULL REFERENCES auth.users, recipient_id uuid NOT NULL REFERENCES auth.users,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted', 'declined')));
ALTER TABLE d.connections ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_two ON d.connections FOR SELECT USING (auth.uid() IN (requester_id, recipient_id));
CREATE POLICY asked ON d.connections FOR INSERT WITH CHECK (requester_id = auth.uid());
CREATE TABLE d.friendships (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), requester_id uuid NOT NULL REFERENCES auth.users, addressee_id uuid NOT NULL REFERENCES auth.users,
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'accepted', 'declined')));
ALTER TABLE d.friendships ENABLE ROW LEVEL SECURITY;
CREATE POLICY of_two ON d.friendships FOR SELECT USING (auth.uid() IN (requester_id, addressee_id));
CREATE POLICY asked ON d.friendships FOR INSERT WITH CHECK (requester_id = auth.uid() AND status = 'pending');
CREATE POLICY answered ON d.friendships FOR UPDATE USING (addressee_id = auth.uid()) WITH CHECK (addressee_id = auth.uid());
GRANT SELECT, INSERT, UPDATE ON d.connections, d.friendships TO authenticated;
-- Kept by a trigger, by privileges, by policies.
CALL d.things('trigger_orders', $$status text NOT NULL DEFAULT 'pending'$$);
CREATE FUNCTION d.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    NEW.status := CASE TG_OP WHEN 'INSERT' THEN 'pending' ELSE OLD.status END; RETURN NEW;
END $$;
CREATE TRIGGER keep BEFORE INSERT OR UPDATE ON d.trigger_orders FOR EACH ROW EXECUTE FUNCTION d.keep();
CALL d.things('granted_orders', $$note text, status text NOT NULL DEFAULT 'pending'$$);
REVOKE INSERT, UPDATE ON d.granted_orders FROM authenticated;
GRANT INSERT (user_id, note), UPDATE (note) ON d.granted_orders TO authenticated;
CALL d.things('policy_orders', $$status text NOT NULL DEFAULT 'pending'$$);
DROP POLICY own ON d.policy_orders;
CREATE POLICY own ON d.policy_orders FOR SELECT USING (user_id = auth.uid());
CREATE POLICY place ON d.policy_orders FOR INSERT WITH CHECK (user_id = auth.uid() AND status = 'pending');
CREATE POLICY cancel ON d.policy_orders FOR UPDATE USING (user_id = auth.uid() AND status = 'pending') WITH CHECK (user_id = auth.uid() AND status = 'cancelled');
-- Let in as it should be, and then changed; and the other way round.
CALL d.things('half_orders', $$status text NOT NULL DEFAULT 'pending'$$);
DROP POLICY own ON d.half_orders;
CREATE POLICY own ON d.half_orders FOR SELECT USING (user_id = auth.uid());
CREATE POLICY place ON d.half_orders FOR INSERT WITH CHECK (user_id = auth.uid() AND status = 'pending');
CREATE POLICY change ON d.half_orders FOR UPDATE USING (user_id = auth.uid());
CALL d.things('placed_orders', $$status text NOT NULL DEFAULT 'pending'$$);
DROP POLICY own ON d.placed_orders;
CREATE POLICY own ON d.placed_orders FOR SELECT USING (user_id = auth.uid());
CREATE POLICY place ON d.placed_orders FOR INSERT WITH CHECK (user_id = auth.uid());
SELECT level, object, message,
    concat_ws(' and ', CASE WHEN detail ~ 'update d' THEN 'changed' END, CASE WHEN detail ~ 'insert into d' THEN 'put in' END) AS how
FROM rlsproof.audit() WHERE rule = 'self_granted' AND object ~ '^d[.]' ORDER BY object COLLATE "C";
-- By hand: what it says is so, and what it is silent about is not.
INSERT INTO auth.users VALUES ('00000000-0000-4000-8000-000000000001');
SET request.jwt.claims = '{"sub": "00000000-0000-4000-8000-000000000001"}';
SET ROLE authenticated;
INSERT INTO d.orders (user_id, total, status) VALUES (auth.uid(), 0, 'paid') RETURNING total, status;
INSERT INTO d.trigger_orders (user_id, status) VALUES (auth.uid(), 'paid') RETURNING status;
UPDATE d.trigger_orders SET status = 'paid' RETURNING status;
INSERT INTO d.policy_orders (user_id, status) VALUES (auth.uid(), 'paid');
INSERT INTO d.granted_orders (user_id, status) VALUES (auth.uid(), 'paid');
RESET ROLE;
DROP SCHEMA d, auth CASCADE;
DROP ROLE anon, authenticated;
