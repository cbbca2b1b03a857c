-- Two studios with their people, so that every screen shows something.
--   North Pier Studios   olive (owner), aaron (agent), vera (viewer)
--   Copperfield Works    pablo (owner), cora (agent)
--   buyers               bea, ben, and gus, who has only signed in anonymously
--   Kiteloft             dana (admin), moss (moderator)

insert into auth.users (id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data, created_at, is_anonymous)
values
  ('a0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'olive@northpier.example', now(), '{"org_id": "10000000-0000-4000-8000-00000000000a"}', '{"full_name": "Olive Marsh"}', '2026-01-05', false),
  ('a0000000-0000-4000-8000-000000000002', 'authenticated', 'authenticated', 'aaron@northpier.example', now(), '{"org_id": "10000000-0000-4000-8000-00000000000a"}', '{"full_name": "Aaron Quay"}', '2026-01-05', false),
  ('a0000000-0000-4000-8000-000000000003', 'authenticated', 'authenticated', 'vera@northpier.example', now(), '{"org_id": "10000000-0000-4000-8000-00000000000a"}', '{"full_name": "Vera Lowe"}', '2026-01-06', false),
  ('c0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'pablo@copperfield.example', now(), '{"org_id": "10000000-0000-4000-8000-00000000000c"}', '{"full_name": "Pablo Reyes"}', '2026-01-07', false),
  ('c0000000-0000-4000-8000-000000000002', 'authenticated', 'authenticated', 'cora@copperfield.example', now(), '{"org_id": "10000000-0000-4000-8000-00000000000c"}', '{"full_name": "Cora Finch"}', '2026-01-07', false),
  ('b0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'bea@mail.example', now(), '{}', '{"full_name": "Bea Hollis"}', '2026-01-09', false),
  ('b0000000-0000-4000-8000-000000000002', 'authenticated', 'authenticated', 'ben@mail.example', now(), '{}', '{"full_name": "Ben Tanaka"}', '2026-01-10', false),
  ('b0000000-0000-4000-8000-000000000003', 'authenticated', 'authenticated', null, null, '{}', '{}', '2026-02-11', true),
  ('d0000000-0000-4000-8000-000000000001', 'authenticated', 'authenticated', 'dana@kiteloft.example', now(), '{}', '{"full_name": "Dana Whitlock"}', '2026-01-02', false),
  ('d0000000-0000-4000-8000-000000000002', 'authenticated', 'authenticated', 'moss@kiteloft.example', now(), '{"role": "moderator"}', '{"full_name": "Moss Adeyemi"}', '2026-01-02', false);

update public.profiles set role = 'admin' where id = 'd0000000-0000-4000-8000-000000000001';
update public.profiles set role = 'moderator' where id = 'd0000000-0000-4000-8000-000000000002';
insert into public.profile_contacts (user_id, phone, address)
select id, '+44 20 7946 0' || lpad((row_number() over (order by id))::text, 3, '0'), '{"city": "London"}' from public.profiles;

insert into public.organisations (id, name, slug, plan) values
  ('10000000-0000-4000-8000-00000000000a', 'North Pier Studios', 'north-pier-studios', 'pro'),
  ('10000000-0000-4000-8000-00000000000c', 'Copperfield Works', 'copperfield-works', 'free');
insert into public.memberships (org_id, user_id, role) values
  ('10000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000001', 'owner'),
  ('10000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000002', 'agent'),
  ('10000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000003', 'viewer'),
  ('10000000-0000-4000-8000-00000000000c', 'c0000000-0000-4000-8000-000000000001', 'owner'),
  ('10000000-0000-4000-8000-00000000000c', 'c0000000-0000-4000-8000-000000000002', 'agent');

insert into public.categories (slug, title) values
  ('photo-studio', 'Photo studios'), ('rehearsal-room', 'Rehearsal rooms'), ('camera', 'Cameras'), ('lighting', 'Lighting');

-- Six listings with fixed ids, and enough others to fill the search.
insert into public.listings (id, org_id, seller_id, category_id, title, price_cents, status) values
  ('30000000-0000-4000-8000-0000000000a1', '10000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000001', 1, 'Daylight loft with pier view', 18000, 'published'),
  ('30000000-0000-4000-8000-0000000000a2', '10000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000002', 4, 'Softbox kit', 4500, 'published'),
  ('30000000-0000-4000-8000-0000000000a3', '10000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000002', 1, 'Cellar studio (not ready)', 9000, 'draft'),
  ('30000000-0000-4000-8000-0000000000c1', '10000000-0000-4000-8000-00000000000c', 'c0000000-0000-4000-8000-000000000001', 2, 'Rehearsal room with grand piano', 12000, 'published'),
  ('30000000-0000-4000-8000-0000000000c2', '10000000-0000-4000-8000-00000000000c', 'c0000000-0000-4000-8000-000000000002', 3, 'Cinema camera set', 22000, 'published'),
  ('30000000-0000-4000-8000-0000000000c3', '10000000-0000-4000-8000-00000000000c', 'c0000000-0000-4000-8000-000000000002', 2, 'Drum booth (price to be agreed)', 7000, 'draft');
insert into public.listings (org_id, seller_id, category_id, title, price_cents, status)
select case when i % 2 = 0 then '10000000-0000-4000-8000-00000000000a' else '10000000-0000-4000-8000-00000000000c' end::uuid,
       case when i % 2 = 0 then 'a0000000-0000-4000-8000-000000000001' else 'c0000000-0000-4000-8000-000000000001' end::uuid,
       i % 4 + 1, 'Equipment set ' || i, 1000 + i * 10, case when i % 10 = 0 then 'archived' else 'published' end::public.listing_status
from generate_series(1, 194) as i;
insert into public.listing_photos (listing_id, org_id, storage_path)
select l.id, l.org_id, l.seller_id || '/' || l.id || '.jpg' from public.listings l where l.id::text like '30000000-%';

insert into public.bookings (id, listing_id, org_id, buyer_id, starts_on, ends_on, status, total_cents, guest_note) values
  ('40000000-0000-4000-8000-0000000000a1', '30000000-0000-4000-8000-0000000000a1', '10000000-0000-4000-8000-00000000000a', 'b0000000-0000-4000-8000-000000000001', '2026-03-10', '2026-03-11', 'confirmed', 36000, 'Alarm code please'),
  ('40000000-0000-4000-8000-0000000000a2', '30000000-0000-4000-8000-0000000000a2', '10000000-0000-4000-8000-00000000000a', 'b0000000-0000-4000-8000-000000000002', '2026-03-12', '2026-03-12', 'requested', 4500, null),
  ('40000000-0000-4000-8000-0000000000a3', '30000000-0000-4000-8000-0000000000a3', '10000000-0000-4000-8000-00000000000a', 'b0000000-0000-4000-8000-000000000001', '2026-02-01', '2026-02-01', 'completed', 9000, 'Friends rate'),
  ('40000000-0000-4000-8000-0000000000c1', '30000000-0000-4000-8000-0000000000c1', '10000000-0000-4000-8000-00000000000c', 'b0000000-0000-4000-8000-000000000001', '2026-03-14', '2026-03-15', 'confirmed', 24000, null),
  ('40000000-0000-4000-8000-0000000000c2', '30000000-0000-4000-8000-0000000000c2', '10000000-0000-4000-8000-00000000000c', 'b0000000-0000-4000-8000-000000000002', '2026-04-01', '2026-04-03', 'confirmed', 66000, 'Divorce shoot, be discreet'),
  ('40000000-0000-4000-8000-0000000000c3', '30000000-0000-4000-8000-0000000000c1', '10000000-0000-4000-8000-00000000000c', 'b0000000-0000-4000-8000-000000000003', '2026-04-05', '2026-04-05', 'completed', 12000, null);
insert into public.booking_holds (listing_id, user_id, starts_on, ends_on, card_last4) values
  ('30000000-0000-4000-8000-0000000000c1', 'b0000000-0000-4000-8000-000000000002', '2026-05-01', '2026-05-02', '4242');
insert into public.quotes (org_id, buyer_id, listing_id, total_cents, deposit_cents, terms) values
  ('10000000-0000-4000-8000-00000000000a', 'b0000000-0000-4000-8000-000000000001', '30000000-0000-4000-8000-0000000000a1', 90000, 20000, 'Whole week'),
  ('10000000-0000-4000-8000-00000000000c', 'b0000000-0000-4000-8000-000000000002', '30000000-0000-4000-8000-0000000000c2', 60000, 0, 'Three days');
insert into public.refunds (booking_id, user_id, amount_cents, reason) values
  ('40000000-0000-4000-8000-0000000000a3', 'b0000000-0000-4000-8000-000000000001', 3000, 'Heating was off');
insert into public.payouts (id, org_id, amount_cents, iban, status, requested_by) values
  ('50000000-0000-4000-8000-0000000000a1', '10000000-0000-4000-8000-00000000000a', 120000, 'GB33BUKB20201555555555', 'pending', 'a0000000-0000-4000-8000-000000000001'),
  ('50000000-0000-4000-8000-0000000000c1', '10000000-0000-4000-8000-00000000000c', 86000, 'ES9121000418450200051332', 'pending', 'c0000000-0000-4000-8000-000000000001');
insert into public.reviews (listing_id, author_id, rating, body, is_published) values
  ('30000000-0000-4000-8000-0000000000a1', 'b0000000-0000-4000-8000-000000000001', 5, 'Light all day long.', true),
  ('30000000-0000-4000-8000-0000000000c2', 'b0000000-0000-4000-8000-000000000002', 2, 'Battery was empty.', true),
  ('30000000-0000-4000-8000-0000000000a2', 'b0000000-0000-4000-8000-000000000002', 1, 'Awaiting moderation', false);
insert into public.payment_events (id, payload) values ('evt_1', '{"type": "payout.created"}');
insert into public.favourites (user_id, listing_id) values
  ('b0000000-0000-4000-8000-000000000001', '30000000-0000-4000-8000-0000000000c2');
insert into public.saved_searches (user_id, query, notify_email) values
  ('b0000000-0000-4000-8000-000000000001', 'loft near station', 'bea@mail.example'),
  ('b0000000-0000-4000-8000-000000000002', 'cinema camera', 'ben@mail.example');

insert into public.conversations (id, listing_id, org_id, buyer_id) values
  ('60000000-0000-4000-8000-0000000000a1', '30000000-0000-4000-8000-0000000000a1', '10000000-0000-4000-8000-00000000000a', 'b0000000-0000-4000-8000-000000000001'),
  ('60000000-0000-4000-8000-0000000000c1', '30000000-0000-4000-8000-0000000000c2', '10000000-0000-4000-8000-00000000000c', 'b0000000-0000-4000-8000-000000000002');
insert into public.conversation_participants (conversation_id, user_id) values
  ('60000000-0000-4000-8000-0000000000a1', 'b0000000-0000-4000-8000-000000000001'),
  ('60000000-0000-4000-8000-0000000000a1', 'a0000000-0000-4000-8000-000000000002'),
  ('60000000-0000-4000-8000-0000000000c1', 'b0000000-0000-4000-8000-000000000002');
insert into public.messages (conversation_id, sender_id, body) values
  ('60000000-0000-4000-8000-0000000000a1', 'b0000000-0000-4000-8000-000000000001', 'Is there a lift?'),
  ('60000000-0000-4000-8000-0000000000a1', 'a0000000-0000-4000-8000-000000000002', 'Yes, up to the third floor.'),
  ('60000000-0000-4000-8000-0000000000c1', 'b0000000-0000-4000-8000-000000000002', 'Please keep this private.');
insert into public.blocks (org_id, blocked_id) values
  ('10000000-0000-4000-8000-00000000000c', 'b0000000-0000-4000-8000-000000000002');
insert into public.message_templates (org_id, title, body) values
  (null, 'Thank you', 'Thank you for your booking!'),
  ('10000000-0000-4000-8000-00000000000a', 'Access', 'The key box is at the back door.'),
  ('10000000-0000-4000-8000-00000000000c', 'Deposit', 'We take a deposit of 200.');
insert into public.notification_settings (user_id) select id from public.profiles;

insert into public.invitations (id, org_id, email, role, invited_by) values
  ('70000000-0000-4000-8000-0000000000a1', '10000000-0000-4000-8000-00000000000a', 'nina@northpier.example', 'manager', 'a0000000-0000-4000-8000-000000000001');
insert into public.internal_notes (org_id, author_id, about_user, body) values
  ('10000000-0000-4000-8000-00000000000a', 'a0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000001', 'Always pays late.'),
  ('10000000-0000-4000-8000-00000000000c', 'c0000000-0000-4000-8000-000000000001', 'b0000000-0000-4000-8000-000000000002', 'Broke a tripod in January.'),
  ('10000000-0000-4000-8000-00000000000c', null, 'b0000000-0000-4000-8000-000000000002', 'Imported: banned by the previous owner after a fight.');
insert into public.support_tickets (user_id, subject, body, contact_email) values
  ('b0000000-0000-4000-8000-000000000001', 'Charged twice', 'My card ending in 1881 was charged twice.', 'bea@mail.example'),
  ('c0000000-0000-4000-8000-000000000001', 'Tax form', 'Our VAT number changed.', 'pablo@copperfield.example');
insert into public.moderation_reports (listing_id, reporter_id, reason) values
  ('30000000-0000-4000-8000-0000000000c2', 'b0000000-0000-4000-8000-000000000002', 'Pictures are of another set.');
insert into public.fraud_signals (user_id, score, reason) values
  ('b0000000-0000-4000-8000-000000000002', 0.912, 'Three cards in one day');
insert into public.feature_flags (key, enabled, audience) values
  ('new-checkout', false, 'staff'), ('dark-mode', true, 'everyone');
insert into public.org_settings (org_id, vat_number) values
  ('10000000-0000-4000-8000-00000000000a', 'GB 123 4567 89'), ('10000000-0000-4000-8000-00000000000c', 'ES B12345678');
insert into public.org_announcements (org_id, body) values
  ('10000000-0000-4000-8000-00000000000a', 'Stocktaking on Friday.'), ('10000000-0000-4000-8000-00000000000c', 'New key cards.');
insert into public.job_locks (name) values ('nightly-stats');
insert into public.regional_reports (org_id, region, month, revenue_cents) values
  ('10000000-0000-4000-8000-00000000000a', 'South East', '2026-02-01', 410000), ('10000000-0000-4000-8000-00000000000c', 'London', '2026-02-01', 730000);
insert into public.partner_rates (partner, rate) values ('Tripod & Sons', 0.0850);

insert into public.ai_prompts (org_id, name, template) values
  ('10000000-0000-4000-8000-00000000000a', 'listing-text', 'You write for North Pier. Never mention the leaking roof.'),
  ('10000000-0000-4000-8000-00000000000c', 'listing-text', 'You write for Copperfield. Undercut North Pier by five percent.');
insert into public.ai_quotas (user_id, monthly_limit, used) select id, 20, 3 from public.profiles;
insert into public.ai_requests (user_id, org_id, prompt, response, tokens) values
  ('a0000000-0000-4000-8000-000000000001', '10000000-0000-4000-8000-00000000000a', 'Write to a guest who owes us 300', 'Dear Bea, ...', 412),
  ('b0000000-0000-4000-8000-000000000001', null, 'Find a studio for a surprise party', 'The daylight loft ...', 120);
insert into public.document_embeddings (org_id, source, content, embedding) values
  ('10000000-0000-4000-8000-00000000000a', 'house-rules.pdf', 'The back door code is 4711.', array[0.1, 0.9, 0.2]::real[]),
  ('10000000-0000-4000-8000-00000000000c', 'supplier-contract.pdf', 'We buy at 40 percent below list price.', array[0.8, 0.1, 0.3]::real[]);

insert into storage.objects (bucket_id, name, owner_id) values
  ('avatars', 'b0000000-0000-4000-8000-000000000001/me.png', 'b0000000-0000-4000-8000-000000000001'),
  ('listing-photos', 'a0000000-0000-4000-8000-000000000001/30000000-0000-4000-8000-0000000000a1.jpg', 'a0000000-0000-4000-8000-000000000001'),
  ('kyc-documents', 'b0000000-0000-4000-8000-000000000001/passport.pdf', 'b0000000-0000-4000-8000-000000000001'),
  ('kyc-documents', 'c0000000-0000-4000-8000-000000000001/passport.pdf', 'c0000000-0000-4000-8000-000000000001'),
  ('org-contracts', '10000000-0000-4000-8000-00000000000a/lease.pdf', 'a0000000-0000-4000-8000-000000000001'),
  ('org-contracts', '10000000-0000-4000-8000-00000000000c/lease.pdf', 'c0000000-0000-4000-8000-000000000001');

insert into public.webhook_endpoints (org_id, url, signing_secret) values
  ('10000000-0000-4000-8000-00000000000a', 'https://hooks.northpier.example/kiteloft', 'whsec_north_pier_example'),
  ('10000000-0000-4000-8000-00000000000c', 'https://hooks.copperfield.example/kiteloft', 'whsec_copperfield_example');
insert into public.coupons (code, org_id, percent_off) values
  ('PIER10', '10000000-0000-4000-8000-00000000000a', 10), ('WORKS15', '10000000-0000-4000-8000-00000000000c', 15);

insert into public.audit_events (org_id, actor_id, action, happened_at)
select case when i % 2 = 0 then '10000000-0000-4000-8000-00000000000a' else '10000000-0000-4000-8000-00000000000c' end::uuid,
       case when i % 2 = 0 then 'a0000000-0000-4000-8000-000000000001' else 'c0000000-0000-4000-8000-000000000001' end::uuid,
       'login', timestamptz '2026-01-01 08:00+00' + i * interval '1 hour'
from generate_series(1, 2000) as i;

-- 50,000 page views over 200 listings and 5,000 visitors.
insert into public.listing_views (listing_id, viewer_id, viewed_at, referrer)
select l.ids[1 + i % cardinality(l.ids)],
       case when i % 500 = 0 then 'b0000000-0000-4000-8000-000000000001'
            else ('e0000000-0000-4000-8000-' || lpad((i * 7919 % 5000)::text, 12, '0')) end::uuid,
       timestamptz '2026-01-01 00:00+00' + i * interval '90 seconds',
       case i % 3 when 0 then 'search' when 1 then 'newsletter' end
from generate_series(1, 50000) as i,
     (select array_agg(id order by created_at, id) as ids from public.listings) as l;
analyze public.listing_views;

refresh materialized view public.seller_stats;
