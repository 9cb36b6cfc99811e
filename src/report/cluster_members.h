/* Who is in each cluster, in order of confidence, and which of them tell most about it. */
#ifndef SPICA_REPORT_CLUSTER_MEMBERS_H
#define SPICA_REPORT_CLUSTER_MEMBERS_H

#include "report/report_data.h"

/* All pictures by cluster, the surest first, ties in data order. Zeroed may be closed. */
typedef struct ClusterMembers {
    size_t clusters;
    size_t *starts; /* clusters + 1: cluster k has order[starts[k]] to order[starts[k + 1] - 1]; owned */
    int64_t *order; /* N rows, owned */
} ClusterMembers;

Status cluster_members_open(Context *ctx, ClusterMembers *members, const ReportData *report);
void cluster_members_close(Context *ctx, ClusterMembers *members);

/* *few: at most about `most` of them, of every cluster the same share, evenly in the order of confidence; all where
 * there are no more. To be closed too. */
Status cluster_members_thin(Context *ctx, const ClusterMembers *members, size_t most, ClusterMembers *few);

static inline size_t cluster_size(const ClusterMembers *members, size_t cluster) {
    return members->starts[cluster + 1] - members->starts[cluster];
}

/* At most this many pictures of each kind, and neighbours. */
#define SHOWN_PICTURES 12
#define SHOWN_NEIGHBOURS 3
#define SHOWN_CONFUSED 8

/* Another cluster that members of this one lean to, and those that lean most. */
typedef struct NeighbourCluster {
    size_t cluster;
    double share; /* mean probability that the members give it */
    int64_t rows[SHOWN_CONFUSED];
    size_t count;
} NeighbourCluster;

/* How labels see a cluster (PICA's Fig. 5): its class is the one that the best matching gives it. */
typedef enum CaseKind {
    CASE_SUCCESS,        /* members of its class */
    CASE_FALSE_POSITIVE, /* members of another class */
    CASE_FALSE_NEGATIVE, /* pictures of its class in other clusters */
    CASE_KINDS
} CaseKind;

typedef struct ClusterCases {
    int32_t class;                            /* a number in report->classes; -1: none, and no cases */
    int64_t rows[CASE_KINDS][SHOWN_PICTURES]; /* the surest first */
    size_t counts[CASE_KINDS];
} ClusterCases;

/* most: of each kind, at most SHOWN_PICTURES. */
void cluster_cases(const ReportData *report, size_t cluster, size_t most, ClusterCases *cases);

/* What is shown of one cluster. */
typedef struct ClusterShow {
    int64_t nearest[SHOWN_PICTURES]; /* to its prototype, the nearest first */
    size_t nearest_count;
    int64_t doubtful[SHOWN_PICTURES]; /* the least sure first */
    size_t doubtful_count;
    NeighbourCluster neighbours[SHOWN_NEIGHBOURS];
    size_t neighbour_count;
    double mean_confidence; /* NaN of an empty cluster */
    int64_t reliable;       /* how many members are */
} ClusterShow;

/* most: of each kind of picture, at most SHOWN_PICTURES. A cluster's prototype is the mean embedding of its surest
 * pictures, as in SPICE's Eq. 2 and 3; without embeddings its surest pictures stand for the nearest. */
Status cluster_show(Context *ctx, const ReportData *report, const ClusterMembers *members, size_t cluster, size_t most,
                    ClusterShow *show);

#endif
