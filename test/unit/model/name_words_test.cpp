// Names are compared word by word, however they are written.
#include "model/name_words.hpp"

#include <gtest/gtest.h>

namespace rlsproof {
namespace {

using Words = std::vector<std::string>;

TEST(NameWords, AreTheSameHoweverANameIsWritten) {
    const Words words = {"last", "modified", "by"};
    EXPECT_EQ(words_of_name("last_modified_by"), words);
    EXPECT_EQ(words_of_name("lastModifiedBy"), words);
    EXPECT_EQ(words_of_name("\"Last modified by\""), words);
    EXPECT_EQ(words_of_name(""), Words{});
    EXPECT_EQ(words_of_name("__"), Words{});
    EXPECT_EQ(words_of_name("userID2"), (Words{"user", "id2"}));
}

TEST(NameWords, PrivateIsToldFromWhatOnlyBeginsLikeIt) {
    for (const char *name : {"email", "billing_email", "userEmail", "useremail", "phone_number", "home_address",
                             "date_of_birth", "dob", "access_token", "password_hash", "tax_id", "iban", "card_last4",
                             "monthly_salary", "diagnosis", "account_balance", "medication", "ip", "api_secret"})
        EXPECT_TRUE(says_private(name)) << name;
    for (const char *name : {"id", "name", "display_name", "avatar_url", "cardinality", "taxonomy", "pinned",
                             "shipping", "title", "created_at", "description", "zipped", "translations", "emblem"})
        EXPECT_FALSE(says_private(name)) << name;
}

TEST(NameWords, AWordThatIsToldToSome) {
    for (const char *name : {"token", "token_hash", "hashed_token", "shareToken", "api_key", "client_secret", "hash",
                             "invite_hash", "nonce", "apikey"})
        EXPECT_TRUE(says_secret(name)) << name;
    for (const char *name : {"id", "slug", "email", "code", "file_hash", "commit_hash", "tokens_used", "key", "keyword",
                             "storage_key", "secretary_id", "pin", "phone"})
        EXPECT_FALSE(says_secret(name)) << name;
    EXPECT_TRUE(says_code("invite_code"));
    EXPECT_FALSE(says_code("codename"));
}

TEST(NameWords, ASecondFactor) {
    for (const char *name : {"public.session_2fa_verifications", "mfa_sessions", "two_factor_enabled", "userTotpChecks",
                             "verified_sessions", "session_verifications", "multi_factor_logins"})
        EXPECT_TRUE(says_second_factor(name)) << name;
    for (const char *name : {"sessions", "email_verifications", "verified_users", "factors", "risk_factors",
                             "two_steps", "terms_accepted", "study_sessions", "mfa.members"})
        EXPECT_FALSE(says_second_factor(name)) << name;
}

TEST(NameWords, ASecretAndNotSomethingAboutOne) {
    for (const char *name :
         {"token", "invite_token", "accessToken", "stripe_secret_key", "client_secret", "api_key",
          "certificate_password", "webhook_secret", "mercado_pago_token", "stripe_config", "api_credentials"})
        EXPECT_TRUE(is_secret(name)) << name;
    for (const char *name : {"color_token", "design_token", "token_count", "tokens_used", "reset_token_sent_at", "key",
                             "storage_key", "has_password_set", "token_address", "secret_santa", "name", "base_token",
                             "next_page_token", "theme_config", "payment_settings"})
        EXPECT_FALSE(is_secret(name)) << name;
    EXPECT_TRUE(says_key("app.settings.service_role_key"));
    EXPECT_FALSE(says_key("app.settings.project_url"));
}

TEST(NameWords, AnAnswerToAnInvitation) {
    EXPECT_TRUE(answers_invitation("public.channel_invitations", "accepted"));
    EXPECT_FALSE(answers_invitation("public.members", "accepted"));
    EXPECT_FALSE(answers_invitation("public.invites", "admin"));
}

TEST(NameWords, OneWordThatSaysHowSomebodyStands) {
    for (const char *name : {"get_user_role", "current_plan", "userTier", "member_status"})
        EXPECT_TRUE(says_standing(name)) << name;
    for (const char *name : {"get_email", "controller", "planet", "get_user_name"})
        EXPECT_FALSE(says_standing(name)) << name;
}

TEST(NameWords, WhoTypedARowInIsNotWhoseItIs) {
    for (const char *name :
         {"created_by", "updatedBy", "last_modified_by", "added_by_id", "created_by_user_id", "CREATED_BY"})
        EXPECT_TRUE(says_who_typed(name)) << name;
    for (const char *name :
         {"created_at", "owner", "author_id", "user_id", "assigned_by", "created_by_team", "by", "standby"})
        EXPECT_FALSE(says_who_typed(name)) << name;
}

TEST(NameWords, EverybodyIsSaidAndNoFewer) {
    for (const char *name : {"Public profiles are viewable by everyone", "Anyone can read", "public_read",
                             "Viewable by all", "Allow everybody to see plans", "publicRead"})
        EXPECT_TRUE(says_everybody(name)) << name;
    for (const char *name :
         {"Enable read access for all users", "Anyone authenticated can view", "select_policy", "all",
          "Anyone can view published posts", "Public can view if active", "Users see their own", "republican"})
        EXPECT_FALSE(says_everybody(name)) << name;
}

TEST(NameWords, WhoIsSetOverOthers) {
    for (const char *name : {"admins", "superadmins", "site_admins", "Staff", "staff_members", "moderator", "managers"})
        EXPECT_TRUE(says_over_others(name)) << name;
    for (const char *name : {"teachers", "owners", "operators", "drivers", "members", "management"})
        EXPECT_FALSE(says_over_others(name)) << name;
}

TEST(NameWords, WhatPeopleWrite) {
    EXPECT_TRUE(says_written("body"));
    EXPECT_TRUE(says_written("commentText"));
    EXPECT_FALSE(says_written("nobody"));
    EXPECT_TRUE(says_between_people("chat_rooms"));
    EXPECT_FALSE(says_between_people("posts"));
    EXPECT_TRUE(says_who_sees("is_public"));
    EXPECT_FALSE(says_who_sees("publicity"));
}

TEST(NameWords, WhoSaysWhatIsThere) {
    EXPECT_TRUE(says_author("sender_id"));
    EXPECT_TRUE(says_author("authorId"));
    EXPECT_TRUE(says_author("posted_by"));
    EXPECT_FALSE(says_author("created_by"));
    EXPECT_FALSE(says_author("authority"));
    EXPECT_FALSE(says_author("authorized_by"));
    EXPECT_FALSE(says_author("user_id"));
}

TEST(NameWords, RolesThatAreSetOverOthers) {
    EXPECT_TRUE(says_ruler("Admin"));
    EXPECT_TRUE(says_ruler("org_owner"));
    EXPECT_TRUE(says_ruler("superuser"));
    EXPECT_FALSE(says_ruler("member"));
    EXPECT_FALSE(says_ruler("viewer"));
    EXPECT_FALSE(says_ruler(""));
}

TEST(NameWords, AdminsAreNotWhoeverSignsUp) {
    for (const char *role : {"admin", "ORG_ADMIN", "super_admin", "superuser", "root"})
        EXPECT_TRUE(says_admin(role)) << role;
    for (const char *role : {"gym_owner", "manager", "staff", "moderator", "member", ""})
        EXPECT_FALSE(says_admin(role)) << role;
}

TEST(NameWords, WhatOthersGrant) {
    for (const char *name :
         {"plan", "subscription_status", "creditBalance", "is_verified", "isAdmin", "role", "kyc_status"})
        EXPECT_TRUE(says_granted(name)) << name;
    for (const char *name :
         {"name", "plan_name", "verified_at", "approved_by", "payment_method", "stripe_customer_id", "planet"})
        EXPECT_FALSE(says_granted(name)) << name;
    // What somebody would like to be is his own to say, and what he works as.
    for (const char *name : {"role_intent", "desired_role", "requestedPlan", "preferred_tier", "wallet_address",
                             "job_role", "role_title", "meal_plan", "payment_reminders", "skill_rating"})
        EXPECT_FALSE(says_granted(name)) << name;
}

TEST(NameWords, WhatPeopleHave) {
    for (const char *name : {"full_name", "firstName", "surname", "date_of_birth", "dob", "diagnosis", "patient_id"})
        EXPECT_TRUE(says_person(name)) << name;
    for (const char *name : {"name", "phone", "company_name", "full_address", "first", "display_name"})
        EXPECT_FALSE(says_person(name)) << name;
}

TEST(NameWords, WhoIsListed) {
    for (const char *name : {"full_name", "last_name", "surname", "customer_name", "guestName"})
        EXPECT_TRUE(says_whose_name(name)) << name;
    for (const char *name : {"name", "company_name", "patient_id", "gender", "medicine_name", "user_id"})
        EXPECT_FALSE(says_whose_name(name)) << name;
    for (const char *name : {"public.customers", "clients", "contact_requests", "crm.leads", "newsletter_subscribers"})
        EXPECT_TRUE(says_people(name)) << name;
    for (const char *name : {"team_members", "public_profiles", "shops", "leaderboard", "products", "public.orders"})
        EXPECT_FALSE(says_people(name)) << name;
}

} // namespace
} // namespace rlsproof
