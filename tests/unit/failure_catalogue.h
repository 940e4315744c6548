/* The failure catalogue as rows for test_realtime_failure_catalogue.c: at least one for each
 * number, written from its wire signature. */
#ifndef RUSHHOUR_TESTS_FAILURE_CATALOGUE_H
#define RUSHHOUR_TESTS_FAILURE_CATALOGUE_H

#include "failure_catalogue_dial.h"
#include "failure_catalogue_turn.h"

#endif
