/* How many attempts a decision needs. */
#ifndef RUSHHOUR_STATS_SAMPLE_SIZE_H
#define RUSHHOUR_STATS_SAMPLE_SIZE_H

/*
 * Attempts on each side needed to distinguish rate p1 from p2 with this two-sided confidence and
 * power, by the normal approximation (Fleiss, Levin and Paik 2003, 4.14, without continuity
 * correction), times the design effect (1: independent attempts). Rounded up; infinity if the rates
 * are equal, NaN for an invalid rate.
 */
double sample_size_to_tell(double p1, double p2, double confidence, double power,
                           double design_effect);

/*
 * Attempts on each side from which, if rates p1 and p2 are observed, Newcombe's interval of their
 * difference lies entirely within `margin` of 0; also right for zero failures, where it is about
 * z^2/margin. Infinity if the rates are further apart than that, NaN for an invalid rate.
 */
double sample_size_to_equal(double p1, double p2, double margin, double confidence);

#endif
