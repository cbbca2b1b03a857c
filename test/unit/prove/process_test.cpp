// A solver that is not there, dies, stops, floods or says nonsense: always an answer, never more than that.
#include "prove/process.hpp"

#include <csignal>
#include <cstdio>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "prove/answer.hpp"
#include "prove/prover.hpp"

namespace rlsproof::prove {

namespace {

std::string failure(Process &process, int milliseconds) {
    try {
        (void)process.exchange("hello\n", "done", milliseconds, nullptr);
    } catch (const Error &error) {
        return error.what();
    }
    return "";
}

} // namespace

TEST(Process, AnswersUpToTheLastLine) {
    Process process({"/bin/sh", "-c", "read a; echo \"got $a\"; echo more; echo done; read b; echo \"$b\"; echo done"},
                    {});
    EXPECT_EQ(process.exchange("one\n", "done", 5000, nullptr), "got one\nmore\n");
    EXPECT_EQ(process.exchange("two\n", "done", 5000, nullptr), "two\n");
    EXPECT_TRUE(process.alive());
}

TEST(Process, IsNotThere) {
    Process process({"no-such-solver-anywhere"}, {});
    try {
        (void)process.exchange("hello\n", "done", 5000, nullptr);
        FAIL();
    } catch (const Error &error) {
        EXPECT_EQ(error.code, Code::not_found);
    }
}

TEST(Process, EndsKilledOrTooLate) {
    Process ends({"/bin/sh", "-c", "exit 3"}, {});
    EXPECT_EQ(failure(ends, 5000), "the solver ended with status 3");
    Process killed({"/bin/sh", "-c", "kill -9 $$"}, {});
    EXPECT_NE(failure(killed, 5000).find("the solver was killed"), std::string::npos);
    Process stopped({"/bin/sh", "-c", "kill -STOP $$; echo done"}, {});
    EXPECT_EQ(failure(stopped, 100), "the solver took longer than it may");
    EXPECT_FALSE(stopped.alive());
}

TEST(Process, FloodsAndIsCutOff) {
    Process flood({"/bin/sh", "-c", "yes"}, {});
    EXPECT_EQ(failure(flood, 60000), "the solver's answer is too long");
}

TEST(Process, HasOnlySoMuchMemory) {
    Process big({"/bin/sh", "-c", "ulimit -v; echo done"}, {1000, 64, 10});
    EXPECT_EQ(big.exchange("", "done", 5000, nullptr), "65536\n");
}

TEST(Process, HasNoneOfOurFiles) {
    Process process({"/bin/sh", "-c", "ls /proc/self/fd | wc -l; echo done"}, {});
    EXPECT_EQ(process.exchange("", "done", 5000, nullptr), "4\n"); // 0, 1, 2 and the folder that ls reads
}

// What it started goes with it: the other end of the pipe is closed.
TEST(Process, TakesItsOwnWithIt) {
    const std::string path = testing::TempDir() + "held";
    remove(path.c_str());
    ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
    const int pipe = open(path.c_str(), O_RDONLY | O_NONBLOCK);
    ASSERT_GE(pipe, 0);
    {
        Process process({"/bin/sh", "-c", "exec 3>" + path + "; sleep 120 & echo done; wait"}, {});
        EXPECT_EQ(process.exchange("", "done", 5000, nullptr), "");
    }
    pollfd ends{pipe, POLLIN, 0};
    EXPECT_EQ(poll(&ends, 1, 60000), 1);
    char nothing = 0;
    EXPECT_EQ(read(pipe, &nothing, 1), 0);
    close(pipe);
    remove(path.c_str());
}

TEST(Process, IsGoneAfterACancel) {
    struct Cancel {};
    pid_t pid = 0;
    {
        Process process({"/bin/sh", "-c", "kill -STOP $$"}, {});
        pid = process.pid();
        int turns = 0;
        EXPECT_THROW(process.exchange("hello\n", "done", 60000,
                                      [&] {
                                          if (++turns > 2) throw Cancel();
                                      }),
                     Cancel);
        EXPECT_FALSE(process.alive());
    }
    EXPECT_EQ(kill(pid, 0), -1);
}

TEST(Answer, Reads) {
    const std::vector<Sexp> read = read_sexps("sat\n((|a b| (- 5)) (x \"t)t\")) ; more");
    ASSERT_EQ(read.size(), 2U);
    EXPECT_EQ(read[0].word, "sat");
    EXPECT_EQ(written(read[1]), "((a b (- 5)) (x t)t))");
    EXPECT_EQ(whole_number(read[1].list[0].list[1]), -5);
    EXPECT_FALSE(whole_number(read[1].list[1].list[1]));
    EXPECT_FALSE(whole_number(read_sexps("99999999999999999999")[0]));
}

TEST(Answer, RefusesWhatIsNone) {
    for (const char *text : {"(", ")", "(a", "|a", "\"a", "(()"}) EXPECT_THROW(read_sexps(text), Error) << text;
    EXPECT_THROW(read_sexps(std::string(100000, '(')), Error);
    EXPECT_TRUE(read_sexps("").empty());
}

// Whatever a solver says, the answer is "unknown" unless it says it well.
TEST(Prover, TakesNonsenseForUnknown) {
    for (const char *says :
         {"echo perhaps", "echo '(error \"no\")'; echo unsat", "echo '('", "exit 1", "echo sat sat; echo '((('"}) {
        const std::string path = testing::TempDir() + "nonsense";
        FILE *file = fopen(path.c_str(), "w");
        ASSERT_NE(file, nullptr);
        fprintf(
            file,
            "#!/bin/sh\nwhile read line; do case $line in *check-sat*) %s;; *echo*) echo rlsproof-done;; esac; done\n",
            says);
        fclose(file);
        ASSERT_EQ(chmod(path.c_str(), 0755), 0);
        Question question;
        question.claims = {{"nothing", expr::boolean(true), true}};
        Prover prover(path, {200, 512, 10}, nullptr);
        EXPECT_EQ((int)prover.ask(question).outcome, (int)Outcome::unknown) << says;
        remove(path.c_str());
    }
}

// A solver that dies over a question is not started again for it.
TEST(Prover, AsksADyingSolverOnce) {
    const std::string path = testing::TempDir() + "dying", started = testing::TempDir() + "started";
    remove(started.c_str());
    FILE *file = fopen(path.c_str(), "w");
    ASSERT_NE(file, nullptr);
    fprintf(file, "#!/bin/sh\necho started >>%s\nkill -9 $$\n", started.c_str());
    fclose(file);
    ASSERT_EQ(chmod(path.c_str(), 0755), 0);
    Question question;
    question.claims = {{"nothing", expr::boolean(true), true}};
    Prover prover(path, {5000, 512, 10}, nullptr);
    const Reply reply = prover.ask(question);
    EXPECT_EQ((int)reply.outcome, (int)Outcome::unknown);
    EXPECT_NE(reply.reason.find("the solver"), std::string::npos) << reply.reason;
    file = fopen(started.c_str(), "r");
    ASSERT_NE(file, nullptr);
    char line[64];
    int times = 0;
    while (fgets(line, sizeof line, file) != nullptr) times++;
    fclose(file);
    EXPECT_EQ(times, 1);
    remove(path.c_str());
    remove(started.c_str());
}

} // namespace rlsproof::prove
