-- Buckets. avatars and listing-photos are served by public URL; the other two are private.

insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types) values
  ('avatars', 'avatars', true, 1048576, array['image/png', 'image/jpeg', 'image/webp']),
  ('listing-photos', 'listing-photos', true, 10485760, array['image/png', 'image/jpeg', 'image/webp']),
  ('kyc-documents', 'kyc-documents', false, 10485760, array['image/jpeg', 'application/pdf']),
  ('org-contracts', 'org-contracts', false, 20971520, array['application/pdf']);

-- The API needs rows, nothing else: the platform's grants include TRUNCATE. (Hosted, only the platform can take it back.)
revoke all on storage.buckets, storage.objects from anon, authenticated;
grant select, insert, update, delete on storage.buckets, storage.objects to anon, authenticated;

-- Everybody uploads into a folder named after their user id, in the buckets meant for users.
create policy "Users upload to their own folder" on storage.objects
  for insert to authenticated
  with check (
    bucket_id in ('avatars', 'listing-photos', 'kyc-documents')
    and (storage.foldername(name))[1] = (select auth.uid()::text)
  );
create policy "Users see their own files" on storage.objects
  for select to authenticated using (owner_id = (select auth.uid()::text));
create policy "Users replace their own files" on storage.objects
  for update to authenticated
  using (
    bucket_id in ('avatars', 'listing-photos', 'kyc-documents')
    and owner_id = (select auth.uid()::text)
    and (storage.foldername(name))[1] = (select auth.uid()::text)
  );
create policy "Users delete their own files" on storage.objects
  for delete to authenticated using (owner_id = (select auth.uid()::text));

-- Identity checks: the reviewer opens the passport scans in the dashboard.
create policy "Reviewers can view identity documents" on storage.objects
  for select to authenticated
  using (bucket_id = 'kyc-documents' and (select auth.jwt() -> 'app_metadata' ->> 'role') = 'moderator');

-- Contracts are filed under the organisation's id.
create policy "Members read contracts of their studio" on storage.objects
  for select to authenticated
  using (
    bucket_id = 'org-contracts'
    and (storage.foldername(name))[1] in (select org_id::text from private.my_org_ids() as org_id)
  );
create policy "Members file contracts of their studio" on storage.objects
  for insert to authenticated
  with check (
    bucket_id = 'org-contracts'
    and (storage.foldername(name))[1] in (select org_id::text from private.my_org_ids() as org_id)
  );
