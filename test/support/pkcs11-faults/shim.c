/*
 * A PKCS#11 module that passes every call on to another one, except those that a plan tells it to fail.
 *
 * PKCS11_FAULTS_MODULE  path of the real module
 * PKCS11_FAULTS_PLAN    file with lines "<function> <CK_RV in decimal, corrupt or hang> <every nth call>"; read at each
 *                       call. A call that hangs does so as long as the plan has its line.
 * PKCS11_FAULTS_LOG     file that gets a line for each call of C_Login, C_Initialize, C_Finalize and C_GenerateKeyPair
 *
 * A context-specific login counts as a function of its own, C_LoginContext.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned char CK_BYTE;
typedef CK_BYTE *CK_BYTE_PTR;
typedef unsigned long CK_ULONG;
typedef CK_ULONG *CK_ULONG_PTR;
typedef CK_ULONG CK_RV;
typedef void *CK_VOID_PTR;

/* CK_FUNCTION_LIST of PKCS#11 2.40: a version, then 68 functions in the order of the specification. */
enum { C_INITIALIZE = 0, C_FINALIZE = 1, C_OPENSESSION = 12, C_LOGIN = 18, C_FINDOBJECTSINIT = 26, C_FINDOBJECTS = 27,
       C_SIGNINIT = 42, C_SIGN = 43, C_GENERATEKEYPAIR = 59, C_GETSLOTLIST = 4, FUNCTIONS = 68 };
typedef struct { struct { CK_BYTE major, minor; } version; void *function[FUNCTIONS]; } function_list;

enum { HANG = 0xffff };

static function_list *real;
static function_list ours;
static atomic_ulong calls[FUNCTIONS];

/* Whether the plan still lets this function hang. */
static int hangs(const char *name) {
  const char *path = getenv("PKCS11_FAULTS_PLAN");
  FILE *plan = path == NULL ? NULL : fopen(path, "r");
  char function[64], what[64];
  unsigned long every;
  int found = 0;
  if (plan == NULL) return 0;
  while (fscanf(plan, "%63s %63s %lu", function, what, &every) == 3)
    if (strcmp(function, name) == 0 && strcmp(what, "hang") == 0) found = 1;
  fclose(plan);
  return found;
}

/* What the plan says of this call: 0 to pass it on, 1 to corrupt its answer, otherwise the CK_RV to answer with. */
static CK_RV planned(int index, const char *name) {
  const char *path = getenv("PKCS11_FAULTS_PLAN");
  FILE *plan = path == NULL ? NULL : fopen(path, "r");
  CK_RV answer = 0;
  char function[64], what[64];
  unsigned long every;
  if (plan == NULL) return 0;
  while (fscanf(plan, "%63s %63s %lu", function, what, &every) == 3) {
    if (strcmp(function, name) != 0) continue;
    if ((atomic_fetch_add(&calls[index], 1) + 1) % every != 0) continue;
    answer = strcmp(what, "corrupt") == 0 ? 1 : strcmp(what, "hang") == 0 ? HANG : strtoul(what, NULL, 10);
  }
  fclose(plan);
  if (answer != HANG) return answer;
  while (hangs(name)) usleep(2000);
  return 5;
}

static void log_call(const char *name) {
  const char *path = getenv("PKCS11_FAULTS_LOG");
  FILE *log = path == NULL ? NULL : fopen(path, "a");
  if (log == NULL) return;
  fprintf(log, "%s\n", name);
  fclose(log);
}

#define PASS_ON(index, name, parameters, arguments)                     \
  static CK_RV shim_##index parameters {                                \
    CK_RV fault = planned(index, name);                                 \
    if (fault > 1) return fault;                                        \
    return ((CK_RV(*) parameters)real->function[index]) arguments;      \
  }
#define LOG_AND_PASS_ON(index, name, parameters, arguments)             \
  static CK_RV shim_##index parameters {                                \
    CK_RV fault = planned(index, name);                                 \
    log_call(name);                                                     \
    if (fault > 1) return fault;                                        \
    return ((CK_RV(*) parameters)real->function[index]) arguments;      \
  }

LOG_AND_PASS_ON(C_INITIALIZE, "C_Initialize", (CK_VOID_PTR a), (a))
LOG_AND_PASS_ON(C_FINALIZE, "C_Finalize", (CK_VOID_PTR a), (a))
LOG_AND_PASS_ON(C_LOGIN, b == 2 ? "C_LoginContext" : "C_Login", (CK_ULONG a, CK_ULONG b, CK_BYTE_PTR c, CK_ULONG d), (a, b, c, d))
LOG_AND_PASS_ON(C_GENERATEKEYPAIR, "C_GenerateKeyPair",
                (CK_ULONG a, CK_VOID_PTR b, CK_VOID_PTR c, CK_ULONG d, CK_VOID_PTR e, CK_ULONG f, CK_ULONG_PTR g, CK_ULONG_PTR h),
                (a, b, c, d, e, f, g, h))
PASS_ON(C_GETSLOTLIST, "C_GetSlotList", (CK_BYTE a, CK_ULONG_PTR b, CK_ULONG_PTR c), (a, b, c))
PASS_ON(C_OPENSESSION, "C_OpenSession", (CK_ULONG a, CK_ULONG b, CK_VOID_PTR c, CK_VOID_PTR d, CK_ULONG_PTR e), (a, b, c, d, e))
PASS_ON(C_FINDOBJECTSINIT, "C_FindObjectsInit", (CK_ULONG a, CK_VOID_PTR b, CK_ULONG c), (a, b, c))
PASS_ON(C_SIGNINIT, "C_SignInit", (CK_ULONG a, CK_VOID_PTR b, CK_ULONG c), (a, b, c))

/* "corrupt": finds nothing. */
static CK_RV shim_C_FINDOBJECTS(CK_ULONG session, CK_ULONG_PTR objects, CK_ULONG most, CK_ULONG_PTR count) {
  CK_RV fault = planned(C_FINDOBJECTS, "C_FindObjects");
  if (fault > 1) return fault;
  CK_RV rv = ((CK_RV(*)(CK_ULONG, CK_ULONG_PTR, CK_ULONG, CK_ULONG_PTR))real->function[C_FINDOBJECTS])(session, objects, most, count);
  if (fault == 1 && rv == 0) *count = 0;
  return rv;
}

/* "corrupt": flips a bit of the signature. */
static CK_RV shim_C_SIGN(CK_ULONG session, CK_BYTE_PTR data, CK_ULONG length, CK_BYTE_PTR signature, CK_ULONG_PTR signed_length) {
  CK_RV fault = planned(C_SIGN, "C_Sign");
  CK_RV rv = ((CK_RV(*)(CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR))real->function[C_SIGN])(session, data, length, signature, signed_length);
  if (fault > 1) return fault;
  if (fault == 1 && rv == 0) signature[*signed_length / 2] ^= 1;
  return rv;
}

CK_RV C_GetFunctionList(function_list **list) {
  if (real == NULL) {
    const char *path = getenv("PKCS11_FAULTS_MODULE");
    void *module = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    CK_RV (*get)(function_list **) = module == NULL ? NULL : (CK_RV(*)(function_list **))dlsym(module, "C_GetFunctionList");
    function_list *found = NULL;
    if (get == NULL || get(&found) != 0) return 5;
    ours = *found;
    ours.function[C_INITIALIZE] = shim_C_INITIALIZE;
    ours.function[C_FINALIZE] = shim_C_FINALIZE;
    ours.function[C_GETSLOTLIST] = shim_C_GETSLOTLIST;
    ours.function[C_OPENSESSION] = shim_C_OPENSESSION;
    ours.function[C_LOGIN] = shim_C_LOGIN;
    ours.function[C_FINDOBJECTSINIT] = shim_C_FINDOBJECTSINIT;
    ours.function[C_FINDOBJECTS] = shim_C_FINDOBJECTS;
    ours.function[C_SIGNINIT] = shim_C_SIGNINIT;
    ours.function[C_SIGN] = shim_C_SIGN;
    ours.function[C_GENERATEKEYPAIR] = shim_C_GENERATEKEYPAIR;
    real = found;
  }
  *list = &ours;
  return 0;
}
