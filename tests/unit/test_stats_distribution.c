/*
 * Expected values from SciPy 1.10.1: python3 -c "from scipy import stats as s; print(s.norm.ppf(p),
 * s.t.ppf(p, d), s.beta.ppf(p, a, b), s.beta.cdf(x, a, b))". SciPy's own Student quantiles are good
 * to about 4e-9.
 */
#include "stats/rate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void check(const char *what, double p, double a, double b, double got, double want,
                  double tolerance)
{
    if (!(fabs(got - want) <= tolerance * fabs(want))) {
        fail_msg("%s(%.10g, %.10g, %.10g) is %.17g, wanted %.17g", what, p, a, b, got, want);
    }
}

static const struct {
    double p, want;
} normals[] = {
    {1e-300, -37.047096299361201}, {1e-20, -9.2623400897984087},
    {1e-05, -4.2648907939228247},  {0.005, -2.5758293035489008},
    {0.025, -1.9599639845400545},  {0.1, -1.2815515655446004},
    {0.3, -0.52440051270804089},   {0.5, 0},
    {0.75, 0.67448975019608171},   {0.95, 1.6448536269514722},
    {0.975, 1.959963984540054},    {0.995, 2.5758293035489004},
    {0.9999, 3.7190164854557088},
};

static void normal_quantiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(normals); i++) {
        check("normal_quantile", normals[i].p, 0, 0, normal_quantile(normals[i].p), normals[i].want,
              1e-13);
    }
    assert_true(normal_quantile(0) == -INFINITY);
    assert_true(normal_quantile(1) == INFINITY);
    assert_true(isnan(normal_quantile(-0.1)) && isnan(normal_quantile(1.1)) &&
                isnan(normal_quantile(NAN)));
}

static const struct {
    double p, degrees, want;
} students[] = {
    {0.975, 1, 12.706204736432095},   {0.975, 2, 4.3026527299112747},
    {0.975, 5, 2.5705818366147395},   {0.975, 9, 2.2621571627409915},
    {0.975, 28, 2.0484071417952441},  {0.975, 29, 2.045229642132703},
    {0.995, 3, 5.8409092997564303},   {0.95, 99, 1.6603911559963895},
    {0.025, 10, -2.2281388519649385}, {0.9, 0.5, 10.270324410234544},
    {0.9995, 7, 5.407882520977668},   {0.975, 1e4, 1.9602012398906259},
    {0.6, 1e7, 0.25334710987600295},  {0.975, 1e15, 1.9599639845400605},
};

static void student_quantiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(students); i++) {
        check("student_quantile", students[i].p, students[i].degrees, 0,
              student_quantile(students[i].p, students[i].degrees), students[i].want, 1e-8);
    }
    /* With one degree of freedom it is the Cauchy distribution, with two there is a closed form:
     * exact to the last digits. */
    check("student_quantile", 0.975, 1, 0, student_quantile(0.975, 1), tan(M_PI * 0.475), 1e-13);
    check("student_quantile", 0.9, 2, 0, student_quantile(0.9, 2), 0.8 / sqrt(2 * 0.9 * 0.1),
          1e-13);
    assert_true(student_quantile(0.5, 3) == 0);
    assert_true(student_quantile(1, 3) == INFINITY);
    assert_true(isnan(student_quantile(0.5, 0)) && isnan(student_quantile(2, 3)));
}

static const struct {
    double p, a, b, want;
} betas[] = {
    {0.025, 1, 20, 0.0012650894979498038},           {0.975, 21, 1, 0.99879511655163644},
    {0.025, 81, 183, 0.25273674558527132},           {0.975, 82, 182, 0.36762192260135146},
    {0.025, 15, 134, 0.057844010083448569},          {0.5, 0.5, 0.5, 0.5},
    {0.2, 0.01, 5, 1.5896217480462651e-71},          {0.975, 1e4, 3, 0.99993814088692889},
    {1e-10, 3, 1e6, 8.4360971851945159e-10},         {0.025, 1e5, 2e5, 0.3316475215507047},
    {0.975, 2, 0x1p40 - 1, 5.0673801442165445e-12},  {0.025, 1, 0x1p40, 2.3026412222215718e-14},
    {0.995, 0x1p20, 0x1p40, 9.5607403973407814e-07}, {0.3, 200, 0.02, 0.99999999994855648},
    {1 - 1e-9, 2, 999, 0.023667164437140335},        {0.5, 0x1p39, 0x1p39, 0.5},
};

static void beta_quantiles(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(betas); i++) {
        check("beta_quantile", betas[i].p, betas[i].a, betas[i].b,
              beta_quantile(betas[i].p, betas[i].a, betas[i].b), betas[i].want, 1e-11);
    }
    assert_true(beta_quantile(0, 2, 3) == 0 && beta_quantile(1, 2, 3) == 1);
    assert_true(isnan(beta_quantile(0.5, 0, 1)) && isnan(beta_quantile(0.5, 1, -1)) &&
                isnan(beta_quantile(-1, 1, 1)));
}

static const struct {
    double x, a, b, want;
} shares[] = {
    {0.01, 133, 367, 4.6392763203524938e-144},
    {0.25, 2, 3, 0.26171875},
    {0.5, 5000, 5000, 0.5},
    {0.505, 5000, 5000, 0.8413447463710384},
    {0.001, 0.1, 400, 0.92753364349344714},
    {0.999999, 7e5, 0.9, 0.44720045452692964},
    {1e-09, 1, 0x1p30, 0.65827256198622508},
    {0, 2, 3, 0},
    {1, 2, 3, 1},
};

static void beta_shares(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(shares); i++) {
        check("beta_cdf", shares[i].x, shares[i].a, shares[i].b,
              beta_cdf(shares[i].x, shares[i].a, shares[i].b), shares[i].want, 1e-10);
    }
    assert_true(isnan(beta_cdf(NAN, 1, 1)) && isnan(beta_cdf(0.5, 0, 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(normal_quantiles),
        cmocka_unit_test(student_quantiles),
        cmocka_unit_test(beta_quantiles),
        cmocka_unit_test(beta_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
