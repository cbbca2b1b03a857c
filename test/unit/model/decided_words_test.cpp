// What is for somebody else to decide, and the many columns that look like it and are not.
#include "model/decided_words.hpp"

#include <gtest/gtest.h>

namespace rlsproof {
namespace {

Thing thing(const std::string &table, std::vector<std::string> columns = {}, bool others_look = false) {
    Thing result;
    result.table = table;
    result.columns = std::move(columns);
    result.columns.push_back("user_id");
    result.asker = "user_id";
    result.others_look = others_look;
    return result;
}

TEST(DecidedWords, WhetherMoneyCameIn) {
    EXPECT_TRUE(decided_by_others(thing("orders"), "status", "paid"));
    EXPECT_TRUE(decided_by_others(thing("orders"), "is_paid", "true"));
    EXPECT_TRUE(decided_by_others(thing("enrollments"), "payment_status", "completed"));
    EXPECT_TRUE(decided_by_others(thing("withdrawals"), "status", "completed"));
    EXPECT_TRUE(decided_by_others(thing("payments", {"stripe_payment_intent"}), "status", "succeeded"));
    EXPECT_TRUE(decided_by_others(thing("orders", {"customer_name", "shipping_address"}), "status", "paid"));
    EXPECT_FALSE(decided_by_others(thing("orders"), "status", "cancelled"));
    EXPECT_FALSE(decided_by_others(thing("orders"), "status", "completed")); // whoever got the goods says so
    EXPECT_FALSE(decided_by_others(thing("orders"), "paid_at", "true"));
}

TEST(DecidedWords, BooksAreOnesOwn) {
    for (const char *table : {"bills", "invoices", "expenses", "transactions", "payments", "payment_reminders"})
        EXPECT_FALSE(decided_by_others(thing(table), "status", "paid")) << table;
    EXPECT_FALSE(decided_by_others(thing("orders", {"customer_name"}), "status", "paid"));
    EXPECT_FALSE(decided_by_others(thing("subscriptions", {"name", "price"}), "status", "active"));
    EXPECT_TRUE(decided_by_others(thing("subscriptions", {"plan_id"}), "status", "active"));
}

TEST(DecidedWords, WhatIsLookedOver) {
    EXPECT_TRUE(decided_by_others(thing("listings", {}, true), "status", "approved"));
    EXPECT_TRUE(decided_by_others(thing("bank_details"), "is_verified", "true"));
    EXPECT_TRUE(decided_by_others(thing("uploads"), "kyc_status", "approved"));
    EXPECT_FALSE(decided_by_others(thing("listings"), "status", "approved")); // nobody else looks
    EXPECT_FALSE(decided_by_others(thing("quotes", {"client_name"}, true), "status", "approved"));
    EXPECT_FALSE(decided_by_others(thing("posts", {}, true), "status", "published"));
    EXPECT_FALSE(decided_by_others(thing("posts", {}, true), "is_featured", "true"));
    EXPECT_FALSE(decided_by_others(thing("todos", {}, true), "status", "completed"));
    EXPECT_FALSE(decided_by_others(thing("notifications", {}, true), "is_read", "true"));
}

TEST(DecidedWords, WhoeverAsksDoesNotGive) {
    EXPECT_EQ(who_asks({"user_id"}).asker, "user_id");
    EXPECT_EQ(who_asks({"guest_id", "host_id"}).asker, "guest_id");
    EXPECT_EQ(who_asks({"user_id", "approved_by"}).asker, "user_id");
    EXPECT_FALSE(who_asks({"user_id", "approved_by"}).of_two);
    EXPECT_FALSE(who_asks({"from_id", "to_id"}).asker);
    Thing asked = thing("connections", {"requester_id", "recipient_id"});
    asked.asker = "requester_id";
    asked.of_two = true;
    EXPECT_TRUE(decided_by_others(asked, "status", "accepted"));
    EXPECT_FALSE(decided_by_others(asked, "status", "declined"));
    asked.asker = "recipient_id";
    EXPECT_FALSE(decided_by_others(asked, "status", "accepted"));
    Thing by_seller = thing("orders");
    by_seller.asker = "seller_id";
    EXPECT_FALSE(decided_by_others(by_seller, "status", "paid"));
}

TEST(DecidedWords, SharesOfWhatOthersEarn) {
    EXPECT_TRUE(set_by_others(thing("shops"), "commission_rate"));
    EXPECT_FALSE(set_by_others(thing("deals"), "commission_rate"));
}

TEST(DecidedWords, WaitingIsNotDone) {
    for (const char *word : {"pending", "unpaid", "awaiting_payment", "under_review"}) EXPECT_TRUE(says_waiting(word));
    for (const char *word : {"active", "online", "published", "paid", ""}) EXPECT_FALSE(says_waiting(word)) << word;
}

} // namespace
} // namespace rlsproof
