-- Who is meant to reach what in Kiteloft, for both demo/supabase and demo/fixed/supabase.
--
-- Load it where the extension is installed, then: select * from rlsproof.verify(null, null, null);
-- Whatever is not declared here is declared "none". anon, outsider and newcomer exist without being declared.

-- Personas -----------------------------------------------------------------------------------------------------------

select rlsproof.persona('agent_north', 'authenticated', '{
  "sub": "a0000000-0000-4000-8000-000000000002", "role": "authenticated", "is_anonymous": false,
  "app_metadata": {"org_id": "10000000-0000-4000-8000-00000000000a"}, "user_metadata": {}}');
select rlsproof.persona('owner_copper', 'authenticated', '{
  "sub": "c0000000-0000-4000-8000-000000000001", "role": "authenticated", "is_anonymous": false,
  "app_metadata": {"org_id": "10000000-0000-4000-8000-00000000000c"}, "user_metadata": {}}');
select rlsproof.persona('buyer_bea', 'authenticated', '{
  "sub": "b0000000-0000-4000-8000-000000000001", "role": "authenticated", "is_anonymous": false,
  "app_metadata": {}, "user_metadata": {}}');
select rlsproof.persona('guest_gus', 'authenticated', '{
  "sub": "b0000000-0000-4000-8000-000000000003", "role": "authenticated", "is_anonymous": true,
  "app_metadata": {}, "user_metadata": {}}');
select rlsproof.persona('moderator', 'authenticated', '{
  "sub": "d0000000-0000-4000-8000-000000000002", "role": "authenticated", "is_anonymous": false,
  "app_metadata": {"role": "moderator"}, "user_metadata": {}}');
select rlsproof.persona('platform_admin', 'authenticated', '{
  "sub": "d0000000-0000-4000-8000-000000000001", "role": "authenticated", "is_anonymous": false,
  "app_metadata": {}, "user_metadata": {}}');
select rlsproof.persona('analyst', 'analyst', '{}');

-- Scopes: whose a row is ---------------------------------------------------------------------------------------------

select rlsproof.scope('public.profiles', 'own', 'id = auth.uid()');
select rlsproof.scope('public.profiles', 'seller',
  'exists (select 1 from public.listings l where l.seller_id = profiles.id and l.status = ''published'')');
select rlsproof.scope('public.profiles', 'own_seller_or_customer',
  'id = auth.uid()
     or exists (select 1 from public.listings l where l.seller_id = profiles.id and l.status = ''published'')
     or exists (select 1 from public.bookings b where b.buyer_id = profiles.id and public.is_org_member(b.org_id))');
select rlsproof.scope('public.profile_contacts', 'own', 'user_id = auth.uid()');
select rlsproof.scope('public.organisations', 'member', 'public.is_org_member(id)', 'id');
select rlsproof.scope('public.memberships', 'team', 'user_id = auth.uid() or public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.memberships', 'owned', 'private.has_org_role(org_id, ''owner'')', 'org_id');
select rlsproof.scope('public.memberships', 'owned_or_own',
  'private.has_org_role(org_id, ''owner'') or user_id = auth.uid()', 'org_id');

select rlsproof.scope('public.listings', 'published', 'status = ''published''', 'org_id');
select rlsproof.scope('public.listings', 'visible', 'status = ''published'' or public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.listings', 'member', 'public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.listings', 'as_seller', 'public.is_org_member(org_id) and seller_id = auth.uid()', 'org_id');
select rlsproof.scope('public.listing_photos', 'published',
  'exists (select 1 from public.listings l where l.id = listing_photos.listing_id and l.status = ''published'')', 'org_id');
select rlsproof.scope('public.listing_photos', 'visible',
  'public.is_org_member(org_id) or exists (select 1 from public.listings l where l.id = listing_photos.listing_id
     and (l.status = ''published'' or public.is_org_member(l.org_id)))', 'org_id');
select rlsproof.scope('public.listing_photos', 'member',
  'public.is_org_member(org_id) and exists (select 1 from public.listings l
     where l.id = listing_photos.listing_id and l.org_id = listing_photos.org_id)', 'org_id');
select rlsproof.scope('public.favourites', 'own', 'user_id = auth.uid()');
select rlsproof.scope('public.saved_searches', 'own', 'user_id = auth.uid()');

select rlsproof.scope('public.bookings', 'party', 'buyer_id = auth.uid() or public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.bookings', 'member', 'public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.bookings', 'request',
  'buyer_id = auth.uid() and status = ''requested'' and exists (select 1 from public.listings l
     where l.id = bookings.listing_id and l.org_id = bookings.org_id
       and (l.status = ''published'' or public.is_org_member(l.org_id)))', 'org_id');
select rlsproof.scope('public.booking_holds', 'own', 'user_id = auth.uid()');
select rlsproof.scope('public.quotes', 'party', 'buyer_id = auth.uid() or public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.quotes', 'member', 'public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.refunds', 'own', 'user_id = auth.uid()');
select rlsproof.scope('public.payouts', 'managed', 'private.has_org_role(org_id, ''owner'', ''manager'')', 'org_id');
select rlsproof.scope('public.reviews', 'published', 'is_published');
select rlsproof.scope('public.reviews', 'published_or_own', 'is_published or author_id = auth.uid()');
select rlsproof.scope('public.reviews', 'own', 'author_id = auth.uid()');
select rlsproof.scope('public.reviews', 'by_buyer',
  'author_id = auth.uid() and not coalesce((auth.jwt() ->> ''is_anonymous'')::boolean, false)
     and exists (select 1 from public.bookings b where b.listing_id = reviews.listing_id and b.buyer_id = auth.uid())');

select rlsproof.scope('public.conversations', 'party', 'buyer_id = auth.uid() or public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.conversations', 'as_buyer', 'buyer_id = auth.uid()', 'org_id');
select rlsproof.scope('public.conversation_participants', 'party',
  'exists (select 1 from public.conversations c where c.id = conversation_participants.conversation_id
     and (c.buyer_id = auth.uid() or public.is_org_member(c.org_id)))');
select rlsproof.scope('public.messages', 'party',
  'exists (select 1 from public.conversations c where c.id = messages.conversation_id
     and (c.buyer_id = auth.uid() or public.is_org_member(c.org_id)))');
select rlsproof.scope('public.messages', 'as_sender',
  'sender_id = auth.uid() and not private.blocked_in(conversation_id)
     and exists (select 1 from public.conversations c where c.id = messages.conversation_id
       and (c.buyer_id = auth.uid() or public.is_org_member(c.org_id)))');
select rlsproof.scope('public.blocks', 'member', 'public.is_org_member(org_id) and blocked_id <> auth.uid()', 'org_id');
select rlsproof.scope('public.message_templates', 'shared_or_member',
  'org_id is null or public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.message_templates', 'member', 'public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.notification_settings', 'own', 'user_id = auth.uid()');

select rlsproof.scope('public.invitations', 'owned', 'private.has_org_role(org_id, ''owner'')', 'org_id');
select rlsproof.scope('public.invitations', 'as_inviter',
  'private.has_org_role(org_id, ''owner'') and invited_by = auth.uid()', 'org_id');
select rlsproof.scope('public.internal_notes', 'member_or_staff',
  'public.is_org_member(org_id) or private.is_platform_admin()', 'org_id');
select rlsproof.scope('public.internal_notes', 'as_author',
  'public.is_org_member(org_id) and author_id = auth.uid()', 'org_id');
select rlsproof.scope('public.support_tickets', 'own', 'user_id = auth.uid()');
select rlsproof.scope('public.support_tickets', 'own_or_staff', 'user_id = auth.uid() or private.is_platform_admin()');
select rlsproof.scope('public.moderation_reports', 'own', 'reporter_id = auth.uid()');
select rlsproof.scope('public.feature_flags', 'everyone_or_staff', 'audience = ''everyone'' or private.is_platform_admin()');
select rlsproof.scope('public.org_settings', 'current_org',
  'org_id = (auth.jwt() -> ''app_metadata'' ->> ''org_id'')::uuid', 'org_id');
select rlsproof.scope('public.org_announcements', 'member', 'public.is_org_member(org_id)', 'org_id');

select rlsproof.scope('public.ai_prompts', 'active_member', 'is_active and public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.ai_quotas', 'own', 'user_id = auth.uid()');
select rlsproof.scope('public.ai_requests', 'own', 'user_id = auth.uid()');
select rlsproof.scope('public.ai_requests', 'within_quota',
  'user_id = auth.uid() and exists (select 1 from public.ai_quotas q
     where q.user_id = auth.uid() and q.used < q.monthly_limit)');
select rlsproof.scope('public.document_embeddings', 'member', 'public.is_org_member(org_id)', 'org_id');

select rlsproof.scope('public.webhook_endpoints', 'owned', 'private.has_org_role(org_id, ''owner'')', 'org_id');
select rlsproof.scope('public.coupons', 'member', 'public.is_org_member(org_id)', 'org_id');
select rlsproof.scope('public.audit_events', 'owned', 'private.has_org_role(org_id, ''owner'')', 'org_id');
select rlsproof.scope('public.listing_views', 'own', 'viewer_id = auth.uid()');
select rlsproof.scope('public.regional_reports', 'pilot', 'org_id = ''10000000-0000-4000-8000-00000000000a''', 'org_id');

select rlsproof.scope('public.public_profiles', 'seller',
  'exists (select 1 from public.listings l where l.seller_id = public_profiles.id and l.status = ''published'')');
select rlsproof.scope('public.public_profiles', 'own_seller_or_customer',
  'id = auth.uid()
     or exists (select 1 from public.listings l where l.seller_id = public_profiles.id and l.status = ''published'')
     or exists (select 1 from public.bookings b where b.buyer_id = public_profiles.id and public.is_org_member(b.org_id))');
-- The view joins the listing, so a line needs a listing its reader may see as well.
select rlsproof.scope('public.booking_overview', 'party',
  'public.is_org_member(org_id) or exists (select 1 from public.bookings b join public.listings l on l.id = b.listing_id
     where b.id = booking_overview.id and b.buyer_id = auth.uid() and l.status = ''published'')', 'org_id');
select rlsproof.scope('public.org_dashboard', 'member', 'public.is_org_member(org_id)', 'org_id');

select rlsproof.scope('storage.objects', 'own_file', 'owner_id = auth.uid()::text');
select rlsproof.scope('storage.objects', 'own_folder', '(storage.foldername(name))[1] = auth.uid()::text');
select rlsproof.scope('storage.objects', 'own_file_in_own_folder',
  'owner_id = auth.uid()::text and (storage.foldername(name))[1] = auth.uid()::text');
select rlsproof.scope('storage.objects', 'own_file_or_moderator',
  'owner_id = auth.uid()::text or (auth.jwt() -> ''app_metadata'' ->> ''role'') = ''moderator''');
select rlsproof.scope('storage.objects', 'studio_folder',
  '(storage.foldername(name))[1] in (select org_id::text from private.my_org_ids() as org_id)');
select rlsproof.scope('storage.objects', 'own_file_or_studio_folder',
  'owner_id = auth.uid()::text
     or (storage.foldername(name))[1] in (select org_id::text from private.my_org_ids() as org_id)');

-- anon: what the landing page shows ----------------------------------------------------------------------------------

select rlsproof.expect('anon', 'public.categories', 'select', 'all', 'public on purpose');
select rlsproof.expect('anon', 'public.listings', 'select', 'published', 'public on purpose');
select rlsproof.expect('anon', 'public.listing_photos', 'select', 'published', 'public on purpose');
select rlsproof.expect('anon', 'public.listing_cards', 'select', 'all', 'published listings only, by definition');
select rlsproof.expect('anon', 'public.reviews', 'select', 'published', 'public on purpose');
select rlsproof.expect('anon', 'public.profiles', 'select', 'seller', 'id, name, picture and bio only');
select rlsproof.expect('anon', 'public.public_profiles', 'select', 'seller', 'public on purpose');
select rlsproof.expect('anon', 'public.app_release', 'select', 'all', 'a constant');
select rlsproof.expect('anon', 'rpc:public.slugify(text)', 'execute', 'all', 'touches no table');

-- Everybody who is signed in: the scopes tell who is who. ------------------------------------------------------------

create temporary table signed_in (persona text);
insert into signed_in values
  ('outsider'), ('newcomer'), ('agent_north'), ('owner_copper'), ('buyer_bea'), ('guest_gus'), ('moderator'), ('platform_admin');

select rlsproof.expect(s.persona, e.object, e.commands, e.access, e.note)
from signed_in s, (values
  ('public.profiles', 'select', 'own_seller_or_customer', null),
  ('public.profiles', 'update', 'own', 'name, picture and bio only'),
  ('public.profile_contacts', 'select, insert, update, delete', 'own', null),
  ('public.organisations', 'select', 'member', null),
  ('public.memberships', 'select', 'team', null),
  ('public.memberships', 'insert, update', 'owned', 'only owners let people in'),
  ('public.memberships', 'delete', 'owned_or_own', 'everybody may leave'),
  ('public.categories', 'select', 'all', 'public on purpose'),
  ('public.listings', 'select', 'visible', null),
  ('public.listings', 'insert', 'as_seller', null),
  ('public.listings', 'update, delete', 'member', null),
  ('public.listing_photos', 'select', 'visible', null),
  ('public.listing_photos', 'insert, update, delete', 'member', null),
  ('public.listing_cards', 'select', 'all', 'published listings only, by definition'),
  ('public.favourites', 'select, insert, delete', 'own', null),
  ('public.saved_searches', 'select, insert, delete', 'own', null),
  ('public.bookings', 'select', 'party', null),
  ('public.bookings', 'insert', 'request', null),
  ('public.bookings', 'update', 'member', 'status, days and price only'),
  ('public.booking_overview', 'select', 'party', null),
  ('public.org_dashboard', 'select', 'member', null),
  ('public.booking_holds', 'select, insert, delete', 'own', null),
  ('public.quotes', 'select', 'party', null),
  ('public.quotes', 'insert', 'member', null),
  ('public.refunds', 'select', 'own', null),
  ('public.payouts', 'select', 'managed', null),
  ('public.reviews', 'select', 'published_or_own', null),
  ('public.reviews', 'insert', 'by_buyer', 'not by anonymous sign-ins'),
  ('public.reviews', 'update', 'own', null),
  ('public.conversations', 'select', 'party', null),
  ('public.conversations', 'insert', 'as_buyer', null),
  ('public.conversation_participants', 'select', 'party', null),
  ('public.messages', 'select', 'party', null),
  ('public.messages', 'insert', 'as_sender', null),
  ('public.blocks', 'select, insert, update, delete', 'member', null),
  ('public.message_templates', 'select', 'shared_or_member', null),
  ('public.message_templates', 'insert', 'member', null),
  ('public.notification_settings', 'select, insert, update', 'own', null),
  ('public.invitations', 'select', 'owned', null),
  ('public.invitations', 'insert', 'as_inviter', null),
  ('public.internal_notes', 'select', 'member_or_staff', null),
  ('public.internal_notes', 'insert', 'as_author', null),
  ('public.support_tickets', 'select', 'own_or_staff', null),
  ('public.support_tickets', 'insert', 'own', null),
  ('public.moderation_reports', 'insert', 'own', null),
  ('public.feature_flags', 'select', 'everyone_or_staff', null),
  ('public.org_settings', 'select', 'current_org', null),
  ('public.org_announcements', 'select', 'member', null),
  ('public.ai_prompts', 'select', 'active_member', null),
  ('public.ai_quotas', 'select', 'own', null),
  ('public.ai_requests', 'select', 'own', null),
  ('public.ai_requests', 'insert', 'within_quota', null),
  ('public.document_embeddings', 'select', 'member', null),
  ('public.webhook_endpoints', 'select, insert, update, delete', 'owned', null),
  ('public.coupons', 'select, insert, update, delete', 'member', null),
  ('public.audit_events', 'select', 'owned', null),
  ('public.listing_views', 'select, insert', 'own', null),
  ('public.public_profiles', 'select', 'own_seller_or_customer', null),
  ('public.app_release', 'select', 'all', 'a constant'),

  ('bucket:avatars', 'select, delete', 'own_file', null),
  ('bucket:avatars', 'insert', 'own_folder', null),
  ('bucket:avatars', 'update', 'own_file_in_own_folder', null),
  ('bucket:listing-photos', 'select, delete', 'own_file', null),
  ('bucket:listing-photos', 'insert', 'own_folder', null),
  ('bucket:listing-photos', 'update', 'own_file_in_own_folder', null),
  ('bucket:kyc-documents', 'select', 'own_file_or_moderator', null),
  ('bucket:kyc-documents', 'insert', 'own_folder', null),
  ('bucket:kyc-documents', 'update', 'own_file_in_own_folder', null),
  ('bucket:kyc-documents', 'delete', 'own_file', null),
  ('bucket:org-contracts', 'select', 'own_file_or_studio_folder', null),
  ('bucket:org-contracts', 'insert', 'studio_folder', null),
  ('bucket:org-contracts', 'delete', 'own_file', null),

  ('rpc:public.is_org_member(uuid)', 'execute', 'all', 'answers about the caller only'),
  ('rpc:public.my_organisations()', 'execute', 'all', 'answers about the caller only'),
  ('rpc:public.create_organisation(text)', 'execute', 'all', 'the caller becomes the owner'),
  ('rpc:public.search_customers(text)', 'execute', 'all', 'customers of the caller''s studios'),
  ('rpc:public.my_bookings()', 'execute', 'all', 'runs as the caller'),
  ('rpc:public.accept_invitation(uuid)', 'execute', 'all', 'only for the invited address'),
  ('rpc:public.mark_payout_paid(uuid)', 'execute', 'all', 'refuses everybody but staff'),
  ('rpc:public.request_payout(uuid,bigint)', 'execute', 'all', 'refuses all but owners and managers'),
  ('rpc:public.org_benchmarks()', 'execute', 'all', 'the caller''s studio'),
  ('rpc:public.listing_view_report(uuid,integer)', 'execute', 'all', 'runs as the caller'),
  ('rpc:public.listing_availability(uuid)', 'execute', 'all', 'days of published listings'),
  ('rpc:public.my_seller_stats()', 'execute', 'all', 'the caller''s own figures'),
  ('rpc:public.match_documents(real[],integer)', 'execute', 'all', 'runs as the caller'),
  ('rpc:public.cosine_similarity(real[],real[])', 'execute', 'all', 'touches no table'),
  ('rpc:public.slugify(text)', 'execute', 'all', 'touches no table'),
  ('rpc:public.current_org_id()', 'execute', 'all', 'reads the caller''s claims')
) as e (object, commands, access, note);

drop table signed_in;

-- A few see more -----------------------------------------------------------------------------------------------------

select rlsproof.expect('moderator', 'public.moderation_reports', 'select', 'all', 'by app_metadata, which users cannot write');
select rlsproof.expect('moderator', 'public.fraud_signals', 'select', 'all', 'by app_metadata, which users cannot write');
select rlsproof.expect('analyst', 'public.regional_reports', 'select', 'pilot', 'North Pier only, until others agree');
