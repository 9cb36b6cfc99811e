#include "data/decode_workers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "data/decode_program.h"
#include "data/decode_protocol.h"

/* Jobs that a helper holds at once: enough to keep it busy with small pictures while this process sleeps ... */
#define WINDOW_JOBS ((size_t)32)
/* ... but not so many bytes of large ones that one helper works alone at the end. */
#define WINDOW_BYTES ((uint64_t)1 << 19)
#define JOB_MOST (sizeof(DecodeJob) + DECODE_PATH_MOST)
#define ANSWER_MOST (sizeof(DecodeAnswer) + DECODE_REASON_MOST)
#define WORKERS_MOST 256
/* Milliseconds between two looks at the clock and at the caller's wish to stop. */
#define POLL_INTERVAL 100
/* Seconds until a helper must have said READY. */
#define START_SECONDS 60.0

extern char **environ;

/* One helper process and what it was given. Zeroed: none. */
typedef struct Worker {
    pid_t process;
    int socket;
    bool running, ready;
    size_t jobs[WINDOW_JOBS]; /* a ring: entries that it works on, in order */
    size_t job_first, job_count;
    uint64_t job_bytes; /* of the files of these entries */
    double since;       /* when it began with the first one, or was started */
    uint8_t *sending;   /* WINDOW_JOBS * JOB_MOST bytes: jobs on their way */
    size_t send_first, send_count;
    uint8_t received[16 * ANSWER_MOST];
    size_t received_count;
} Worker;

typedef struct Pool {
    Context *ctx;
    PictureList *list;
    const DecodeSettings *settings;
    DecodeJobKind kind;
    char *program;
    Worker *workers;
    size_t worker_count;
    size_t next;   /* the first entry that was never handed out */
    size_t *again; /* entries of helpers that died, behind the one that killed them; worker_count * WINDOW_JOBS */
    size_t again_count;
    size_t done, running_jobs;
    bool stopped; /* nothing more is handed out, what is under way does not count */
    bool other_size;
    size_t measured; /* the last picture that was done; list->count: none yet */
    Progress progress;
} Pool;

/* ---- A helper's life ---- */

static Status spawn_fail(Pool *pool, int reason) {
    return context_fail(pool->ctx, SPICA_ERROR_IO, "%s: cannot be started: %s", pool->program, strerror(reason));
}

/* Its standard input and output are the socket, its standard error goes nowhere, and it has a process group of its own,
 * so that a key that stops this program does not look like a crash of all helpers. */
static int worker_spawn_process(const Pool *pool, Worker *worker, int socket, char **words) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int reason = posix_spawn_file_actions_init(&actions);
    if (reason != 0) return reason;
    if ((reason = posix_spawnattr_init(&attributes)) != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return reason;
    }
    if (reason == 0) reason = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    if (reason == 0) reason = posix_spawn_file_actions_adddup2(&actions, pool->settings->file, DECODE_FILE);
    if (reason == 0) reason = posix_spawn_file_actions_adddup2(&actions, socket, STDIN_FILENO);
    if (reason == 0) reason = posix_spawn_file_actions_adddup2(&actions, socket, STDOUT_FILENO);
    if (reason == 0) reason = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (reason == 0) reason = posix_spawn(&worker->process, pool->program, &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return reason;
}

/* No descriptor that is handed over may be one of those that it becomes. */
static int descriptor_lift(int descriptor) {
    if (descriptor < 0 || descriptor > DECODE_FILE) return descriptor;
    const int lifted = fcntl(descriptor, F_DUPFD_CLOEXEC, DECODE_FILE + 1);
    const int reason = errno;
    close(descriptor);
    errno = reason;
    return lifted;
}

static int worker_spawn(const Pool *pool, Worker *worker, int socket) {
    static const char *const fits[] = {"crop", "letterbox", "exact"};
    const DecodeSettings *settings = pool->settings;
    char version[16], width[16], height[16], channels[16], most[24], offset[24];
    snprintf(version, sizeof version, "%d", DECODE_VERSION);
    snprintf(width, sizeof width, "%d", settings->width);
    snprintf(height, sizeof height, "%d", settings->height);
    snprintf(channels, sizeof channels, "%d", settings->channels);
    snprintf(most, sizeof most, "%" PRIu64, settings->most_pixels);
    snprintf(offset, sizeof offset, "%" PRIu64, settings->offset);
    char *words[] = {
        pool->program,      version, width, height, channels, (char *)(uintptr_t)fits[settings->fit], most, offset,
        pool->list->folder, NULL};
    return worker_spawn_process(pool, worker, socket, words);
}

static Status worker_start(Pool *pool, Worker *worker) {
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) return spawn_fail(pool, errno);
    pair[0] = descriptor_lift(pair[0]);
    pair[1] = descriptor_lift(pair[1]);
    int reason = pair[0] < 0 || pair[1] < 0 ? errno : 0;
    if (reason == 0 && fcntl(pair[0], F_SETFL, O_NONBLOCK) != 0) reason = errno;
    if (reason == 0) reason = worker_spawn(pool, worker, pair[1]);
    if (pair[1] >= 0) close(pair[1]);
    if (reason != 0) {
        if (pair[0] >= 0) close(pair[0]);
        return spawn_fail(pool, reason);
    }
    worker->socket = pair[0];
    worker->running = true;
    worker->ready = false;
    worker->since = clock_seconds();
    worker->send_first = worker->send_count = worker->received_count = 0;
    return SPICA_OK;
}

/* Ends the process, which has nothing to lose; how it ended in words. */
static void worker_end(Worker *worker, char *words, size_t capacity) {
    int how = 0;
    pid_t ended;
    /* A process that died by itself keeps its own end. */
    kill(worker->process, SIGKILL);
    while ((ended = waitpid(worker->process, &how, 0)) < 0 && errno == EINTR)
        continue;
    close(worker->socket);
    worker->running = false;
    if (ended == worker->process && WIFSIGNALED(how))
        snprintf(words, capacity, "the decoder crashed (signal %d)", WTERMSIG(how));
    else if (ended == worker->process)
        snprintf(words, capacity, "the decoder ended (status %d)", WEXITSTATUS(how));
    else
        snprintf(words, capacity, "the decoder ended");
}

/* ---- Jobs ---- */

static Status entry_is_bad(Pool *pool, size_t index, const char *reason) {
    return picture_list_text(pool->ctx, pool->list, reason, &pool->list->entries[index].problem);
}

/* The next entry to be handed out; false where there is none. */
static bool job_take(Pool *pool, size_t *index) {
    if (pool->stopped) return false;
    if (pool->again_count > 0) {
        *index = pool->again[--pool->again_count];
        return true;
    }
    while (pool->next < pool->list->count && pool->list->entries[pool->next].problem != NULL) {
        pool->next++;
        pool->done++;
    }
    if (pool->next >= pool->list->count) return false;
    *index = pool->next++;
    return true;
}

static void worker_give(Pool *pool, Worker *worker, size_t index) {
    const PictureEntry *entry = &pool->list->entries[index];
    const char *archive = pool->list->archive, *path = archive != NULL ? archive : entry->path;
    const DecodeJob job = {.index = index,
                           .offset = entry->offset,
                           .bytes = archive != NULL ? entry->size : DECODE_WHOLE_FILE,
                           .kind = (uint32_t)pool->kind,
                           .path_bytes = (uint32_t)strlen(path)};
    uint8_t *to = worker->sending + worker->send_count;
    memcpy(to, &job, sizeof job);
    memcpy(to + sizeof job, path, job.path_bytes);
    worker->send_count += sizeof job + job.path_bytes;
    worker->jobs[(worker->job_first + worker->job_count) % WINDOW_JOBS] = index;
    if (worker->job_count++ == 0) worker->since = clock_seconds();
    worker->job_bytes += entry->size;
    pool->running_jobs++;
}

static void worker_fill(Pool *pool, Worker *worker) {
    size_t index;
    if (!worker->ready) return;
    if (worker->send_first == worker->send_count) worker->send_first = worker->send_count = 0;
    const size_t window = pool->kind == DECODE_JOB_MEASURE ? 1 : WINDOW_JOBS;
    while (worker->job_count < window && (worker->job_count == 0 || worker->job_bytes < WINDOW_BYTES) &&
           worker->send_count + JOB_MOST <= WINDOW_JOBS * JOB_MOST && job_take(pool, &index))
        worker_give(pool, worker, index);
}

/* Takes the first job off the ring. */
static size_t worker_finish_job(Pool *pool, Worker *worker) {
    const size_t index = worker->jobs[worker->job_first];
    worker->job_first = (worker->job_first + 1) % WINDOW_JOBS;
    worker->job_count--;
    worker->job_bytes -= pool->list->entries[index].size;
    worker->since = clock_seconds();
    pool->running_jobs--;
    return index;
}

/* The helper is of no more use: the picture that it worked on has a problem, the others are for another one. Only a
 * helper that was ready had pictures; one that never is would never be. */
static Status worker_lost(Pool *pool, Worker *worker, const char *known_reason) {
    char words[96];
    worker_end(worker, words, sizeof words);
    if (pool->stopped) return SPICA_OK;
    if (!worker->ready)
        return context_fail(pool->ctx, SPICA_ERROR_IO, "%s: %s before it was ready", pool->program, words);
    if (worker->job_count > 0) {
        TRY(entry_is_bad(pool, worker_finish_job(pool, worker), known_reason != NULL ? known_reason : words));
        pool->done++;
    }
    while (worker->job_count > 0)
        pool->again[pool->again_count++] = worker_finish_job(pool, worker);
    return SPICA_OK;
}

/* ---- What is sent and received ---- */

/* False where the other end is gone. */
static bool worker_send(Worker *worker) {
    while (worker->send_first < worker->send_count) {
        /* MSG_NOSIGNAL: a helper's death must not be the death of this process. */
        const ssize_t sent = send(worker->socket, worker->sending + worker->send_first,
                                  worker->send_count - worker->send_first, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK;
        worker->send_first += (size_t)sent;
    }
    return true;
}

static Status answer_take(Pool *pool, Worker *worker, const DecodeAnswer *answer, const char *reason) {
    const size_t index = worker_finish_job(pool, worker);
    if (pool->stopped) return SPICA_OK;
    pool->done++;
    switch ((DecodeAnswerKind)answer->kind) {
    case DECODE_ANSWER_DONE:
        pool->list->entries[index].width = answer->width;
        pool->list->entries[index].height = answer->height;
        pool->list->entries[index].kind = (PictureKind)answer->picture;
        pool->measured = index;
        pool->stopped = pool->kind == DECODE_JOB_MEASURE;
        return SPICA_OK;
    case DECODE_ANSWER_BAD: return entry_is_bad(pool, index, reason);
    case DECODE_ANSWER_OTHER_SIZE: pool->other_size = pool->stopped = true; return SPICA_OK;
    case DECODE_ANSWER_FAILED: break;
    }
    return context_fail(pool->ctx, SPICA_ERROR_IO, "the decoded pictures cannot be kept: %s", reason);
}

/* Whether an answer is one that can come now. */
static bool answer_fits(const Worker *worker, const DecodeAnswer *answer) {
    if (answer->reason_bytes > DECODE_REASON_MOST || answer->kind > DECODE_ANSWER_FAILED ||
        answer->picture >= PICTURE_KINDS)
        return false;
    if (!worker->ready) return answer->index == DECODE_READY && answer->width == DECODE_VERSION;
    return worker->job_count > 0 && answer->index == worker->jobs[worker->job_first];
}

/* All answers that are there whole. *valid: they are answers. */
static Status answers_read(Pool *pool, Worker *worker, bool *valid) {
    size_t at = 0;
    Status status = SPICA_OK;
    *valid = true;
    while (status == SPICA_OK && worker->received_count - at >= sizeof(DecodeAnswer)) {
        DecodeAnswer answer;
        char reason[DECODE_REASON_MOST + 1];
        memcpy(&answer, worker->received + at, sizeof answer);
        if (!(*valid = answer_fits(worker, &answer))) break;
        if (worker->received_count - at < sizeof answer + answer.reason_bytes) break;
        memcpy(reason, worker->received + at + sizeof answer, answer.reason_bytes);
        reason[answer.reason_bytes] = '\0';
        at += sizeof answer + answer.reason_bytes;
        if (worker->ready)
            status = answer_take(pool, worker, &answer, reason);
        else
            worker->ready = true;
    }
    worker->received_count -= at;
    memmove(worker->received, worker->received + at, worker->received_count);
    return status;
}

/* *alive: the helper has not closed its end, and what it says makes sense. */
static Status worker_receive(Pool *pool, Worker *worker, bool *alive, const char **reason) {
    bool valid = true;
    *alive = true;
    while (valid) {
        const ssize_t got = recv(worker->socket, worker->received + worker->received_count,
                                 sizeof worker->received - worker->received_count, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return SPICA_OK;
        *alive = got > 0;
        if (got <= 0) return SPICA_OK;
        worker->received_count += (size_t)got;
        TRY(answers_read(pool, worker, &valid));
    }
    *alive = false;
    *reason = "the decoder gave an answer that makes no sense";
    return SPICA_OK;
}

static Status worker_serve(Pool *pool, Worker *worker) {
    bool alive;
    const char *reason = NULL;
    char words[64];
    TRY(worker_receive(pool, worker, &alive, &reason));
    const double waited = clock_seconds() - worker->since;
    if (alive && worker->ready && worker->job_count > 0 && waited > pool->settings->seconds) {
        snprintf(words, sizeof words, "took longer than %.6g seconds", pool->settings->seconds);
        reason = words;
    }
    if (!alive || reason != NULL || (!worker->ready && waited > START_SECONDS))
        return worker_lost(pool, worker, reason);
    worker_fill(pool, worker);
    /* A helper that is gone is found when it is read from. */
    (void)worker_send(worker);
    return SPICA_OK;
}

/* ---- The loop ---- */

/* Starts helpers that are missing while there is work that no helper has. */
static Status pool_staff(Pool *pool) {
    for (size_t i = 0; i < pool->worker_count; i++) {
        const bool work = !pool->stopped && (pool->again_count > 0 || pool->next < pool->list->count);
        if (work && !pool->workers[i].running) TRY(worker_start(pool, &pool->workers[i]));
    }
    return SPICA_OK;
}

static void pool_wait(Pool *pool) {
    struct pollfd places[WORKERS_MOST];
    nfds_t count = 0;
    for (size_t i = 0; i < pool->worker_count; i++) {
        const Worker *worker = &pool->workers[i];
        if (!worker->running) continue;
        const bool unsent = worker->send_first < worker->send_count;
        places[count++] = (struct pollfd){.fd = worker->socket, .events = (short)(POLLIN | (unsent ? POLLOUT : 0))};
    }
    poll(places, count, POLL_INTERVAL);
}

static bool pool_has_work(const Pool *pool) {
    if (pool->stopped) return false;
    return pool->running_jobs > 0 || pool->again_count > 0 || pool->next < pool->list->count;
}

static Status pool_loop(Pool *pool) {
    while (pool_has_work(pool)) {
        TRY(context_check_cancel(pool->ctx));
        TRY(pool_staff(pool));
        pool_wait(pool);
        for (size_t i = 0; i < pool->worker_count; i++)
            if (pool->workers[i].running) TRY(worker_serve(pool, &pool->workers[i]));
        if (pool->kind == DECODE_JOB_PIXELS) progress_update(&pool->progress, (double)pool->done, (double)NAN);
        /* What is left may all have problems already. */
        while (pool->next < pool->list->count && pool->list->entries[pool->next].problem != NULL) {
            pool->next++;
            pool->done++;
        }
    }
    return SPICA_OK;
}

static Status pool_open(Pool *pool) {
    TRY(decode_program_find(pool->ctx, &pool->program));
    TRY(NEW_ZEROED(pool->ctx, &pool->workers, pool->worker_count));
    TRY(NEW_ARRAY(pool->ctx, &pool->again, pool->worker_count * WINDOW_JOBS));
    for (size_t i = 0; i < pool->worker_count; i++)
        TRY(NEW_ARRAY(pool->ctx, &pool->workers[i].sending, WINDOW_JOBS * JOB_MOST));
    return SPICA_OK;
}

static void pool_close(Pool *pool) {
    char words[96];
    for (size_t i = 0; pool->workers != NULL && i < pool->worker_count; i++) {
        if (pool->workers[i].running) worker_end(&pool->workers[i], words, sizeof words);
        FREE_ARRAY(pool->ctx, &pool->workers[i].sending);
    }
    FREE_ARRAY(pool->ctx, &pool->workers);
    FREE_ARRAY(pool->ctx, &pool->again);
    FREE_ARRAY(pool->ctx, &pool->program);
}

static size_t wanted_workers(const Context *ctx, const PictureList *list) {
    size_t count = (size_t)ctx->threads;
    if (count > WORKERS_MOST) count = WORKERS_MOST;
    return count > list->count ? list->count : count;
}

static Status pool_run(Pool *pool) {
    Status status = pool_open(pool);
    if (status == SPICA_OK) status = pool_loop(pool);
    pool_close(pool);
    return status;
}

Status decode_pictures(Context *ctx, PictureList *list, const DecodeSettings *settings, bool *other_size) {
    Pool pool = {.ctx = ctx,
                 .list = list,
                 .settings = settings,
                 .kind = DECODE_JOB_PIXELS,
                 .worker_count = wanted_workers(ctx, list)};
    progress_start(&pool.progress, ctx, "pictures", "picture", (double)list->count);
    const Status status = pool_run(&pool);
    *other_size = pool.other_size;
    if (status == SPICA_OK && !pool.other_size) progress_finish(&pool.progress, (double)pool.done, (double)NAN);
    return status;
}

Status decode_measure(Context *ctx, PictureList *list, const DecodeSettings *settings, int *width, int *height) {
    Pool pool = {.ctx = ctx,
                 .list = list,
                 .settings = settings,
                 .kind = DECODE_JOB_MEASURE,
                 .worker_count = 1,
                 .measured = list->count};
    const Status status = pool_run(&pool);
    const bool any = pool.measured < list->count;
    *width = any ? (int)list->entries[pool.measured].width : 0;
    *height = any ? (int)list->entries[pool.measured].height : 0;
    return status;
}
