/* How many attempts a decision needs. */
#ifndef RUSHHOUR_STATS_SAMPLE_SIZE_H
#define RUSHHOUR_STATS_SAMPLE_SIZE_H

/*
 * Attempts on each side that tell rate p1 from rate p2 with this two-sided confidence and power, by
 * the normal approximation (Fleiss, Levin and Paik 2003, 4.14, without continuity correction),
 * times the design effect (1: independent attempts). Rounded up; infinity when the rates are equal,
 * NaN for what is no rate.
 */
double sample_size_to_tell(double p1, double p2, double confidence, double power,
                           double design_effect);

/* Attempts that bring the half width of a rate's interval down to `half_width` (normal
 * approximation), likewise. */
double sample_size_for_width(double p, double half_width, double confidence, double design_effect);

/*
 * Attempts on each side from which, with rates p1 and p2 seen, the whole of Newcombe's interval of
 * their difference lies within `margin` of none; right for zero failures too, where it is about
 * z^2/margin. Infinity when the rates are further apart than that, NaN for what is no rate.
 */
double sample_size_to_equal(double p1, double p2, double margin, double confidence);

#endif
