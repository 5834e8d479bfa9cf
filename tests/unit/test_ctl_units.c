#include "ctl/units.h"

#include <math.h>

#include "suite.h"

static const struct {
    double number;
    const char *wanted;
} spans[] =
    {
        {0, "0s"},          {0.0000004, "0.00ms"},
        {0.0004, "0.40ms"}, {0.00099, "0.99ms"},
        {0.000996, "1ms"},  {0.002, "2ms"},
        {0.00214, "2.1ms"}, {0.00996, "10ms"},
        {0.25, "250ms"},    {0.9994, "999ms"},
        {0.9996, "1s"},     {1.8, "1.8s"},
        {5, "5s"},          {9.94, "9.9s"},
        {9.96, "10s"},      {59.4, "59s"},
        {59.6, "1m"},       {60, "1m"},
        {192.2, "3m 12s"},  {3599.9, "59m 59s"},
        {3600, "1h"},       {7800, "2h 10m"},
        {86399, "23h 59m"}, {86400, "1d"},
        {273600, "3d 4h"},  {-1, "-"},
        {NAN, "-"},         {INFINITY, "-"},
        {1e300, "-"},
},
  counts[] =
      {
          {0, "0"},          {3, "3"},           {99999, "99999"},
          {99999.5, "100k"}, {123456, "123k"},   {999499, "999k"},
          {999500, "1.00M"}, {1234567, "1.23M"}, {12345678, "12.3M"},
          {1e12, "1.00T"},   {-1, "-"},          {NAN, "-"},
},
  rates[] =
      {
          {0, "0"},     {0.04, "0"},      {0.1, "0.1"}, {9.94, "9.9"},
          {12.4, "12"}, {123456, "123k"}, {NAN, "-"},
},
  shares[] = {
      {0, "0%"},   {0.033, "3.3%"}, {0.0994, "9.9%"}, {0.5, "50%"},
      {1, "100%"}, {NAN, "-"},      {-0.1, "-"},
};

START_TEST(numbers_have_units)
{
    char text[UNITS_MAX];
    for (size_t i = 0; i < COUNT_OF(spans); i++)
        ck_assert_str_eq(units_span(spans[i].number, text), spans[i].wanted);
    for (size_t i = 0; i < COUNT_OF(counts); i++)
        ck_assert_str_eq(units_count(counts[i].number, text), counts[i].wanted);
    for (size_t i = 0; i < COUNT_OF(rates); i++)
        ck_assert_str_eq(units_rate(rates[i].number, text), rates[i].wanted);
    for (size_t i = 0; i < COUNT_OF(shares); i++)
        ck_assert_str_eq(units_share(shares[i].number, text), shares[i].wanted);
}
END_TEST

START_TEST(moments_are_read)
{
    ck_assert_double_eq_tol(units_moment("2026-11-25T22:19:06.123Z"), 1795645146.123, 0.0005);
    ck_assert_double_eq_tol(units_moment("1970-01-01T00:00:01Z"), 1, 1e-9);
    static const char *const wrong[] = {
        "",          "now",        "2026-11-25T22:19:06.123",         "2026-11-25T22:19:06+01:00",
        "2026-99-1", "2026-11-25", "2026-11-25T22:19:06.123Z\x1b[2J",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        ck_assert_msg(isnan(units_moment(wrong[i])), "%s", wrong[i]);
    ck_assert(isnan(units_moment(NULL)));
}
END_TEST

START_TEST(moments_are_written)
{
    char text[UNITS_MAX];
    double now = units_moment("2026-11-25T22:19:06.999Z");
    ck_assert_str_eq(units_clock(now, now, text), "22:19:06");
    ck_assert_str_eq(units_clock(now - 86400, now, text), "11-24 22:19:06");
    ck_assert_str_eq(units_clock(NAN, now, text), "-");
    ck_assert_str_eq(units_clock(1e14, now, text), "-");
    ck_assert_str_eq(units_date(now, text), "2026-11-25 22:19:06 UTC");
    ck_assert_str_eq(units_date(NAN, text), "-");
}
END_TEST

static void add(TCase *cases)
{
    tcase_add_test(cases, numbers_have_units);
    tcase_add_test(cases, moments_are_read);
    tcase_add_test(cases, moments_are_written);
}

int main(void)
{
    return suite_run("ctl units", add);
}
